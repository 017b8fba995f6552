//! The JSON form: the same tree, each operator an object with `op` and `args`.

use serde_json::Value as Json;

use super::atom::{NO_INTERVAL, end_of, interval_of, no_time};
use super::fault::Fault;
use super::geometry::{self, Apart, Side, bbox, joined};
use super::json_place::misfit;
use super::parser::{comparison, is, one_of};
use super::{DEEPEST, Frame, too_deep};
use crate::base::datetime::{Date, Instant};
use crate::expr::array::{ArrayRelation, List, Member};
use crate::expr::constant::{Constants, TooDear};
use crate::expr::function::{Function, without_accents, without_case};
use crate::expr::nearest::nearest;
use crate::expr::temporal::{Time, TimeRelation};
use crate::expr::{Expr, GeometryLiteral, Operand, Operator, check, like};
use crate::model::geometry::json as geojson;
use crate::model::schema::Schema;
use crate::model::value::Value;

/// What gives a value.
enum Called {
    Operator(Operator),
    Function(Function),
}

/// What a condition looks like.
const EXAMPLE: &str = r#"write it as in {"op": "=", "args": [{"property": "name"}, 1]}"#;

/// Most conditions, values and members of lists.
const MOST: usize = 30_000;

/// Reads a document that was parsed.
pub(super) fn parse(json: &Json, frame: &Frame) -> Result<Expr, Fault> {
    read(json, frame, None)
}

/// Reads it up to the first condition that does not fit a layer.
pub(super) fn parse_fitting(json: &Json, frame: &Frame, schema: &Schema) -> Result<Expr, Fault> {
    read(json, frame, Some(schema))
}

fn read(json: &Json, frame: &Frame, schema: Option<&Schema>) -> Result<Expr, Fault> {
    let mut reader = Reader { frame, path: String::new(), depth: 0, count: 0, schema, constants: Constants::default() };
    reader.condition(json)
}

/// What a condition is called in other languages.
const HABITS: [(&str, &str); 20] = [
    ("eq", "="),
    ("equal", "="),
    ("equals", "="),
    ("==", "="),
    ("ne", "<>"),
    ("neq", "<>"),
    ("!=", "<>"),
    ("lt", "<"),
    ("lte", "<="),
    ("le", "<="),
    ("=<", "<="),
    ("gt", ">"),
    ("gte", ">="),
    ("ge", ">="),
    ("=>", ">="),
    ("&&", "and"),
    ("||", "or"),
    ("!", "not"),
    ("ilike", "like"),
    ("intersects", "s_intersects"),
];

struct Reader<'a> {
    frame: &'a Frame,
    /// Where the reader is, as a JSON pointer.
    path: String,
    depth: usize,
    count: usize,
    /// What conditions are checked against as they are read.
    schema: Option<&'a Schema>,
    constants: Constants,
}

impl Reader<'_> {
    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::within(&self.path, message)
    }

    /// Goes one level down, into this part.
    fn within<T>(&mut self, part: &str, read: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        let before = self.enter(part)?;
        let read = read(self)?;
        self.leave(before);
        Ok(read)
    }

    /// Goes one level down, into this part; what is given back leads out again.
    fn enter(&mut self, part: &str) -> Result<usize, Fault> {
        self.count += 1;
        if self.count > MOST {
            return Err(self.fault(format!("the filter has more than {MOST} parts")));
        }
        if self.depth > DEEPEST {
            return Err(self.fault(too_deep()));
        }
        let length = self.path.len();
        self.path.push('/');
        self.path.push_str(part);
        self.depth += 1;
        Ok(length)
    }

    fn leave(&mut self, before: usize) {
        self.depth -= 1;
        self.path.truncate(before);
    }

    /// Reads the argument at this place.
    fn argument<T>(
        &mut self,
        args: &[Json],
        at: usize,
        read: impl FnOnce(&mut Self, &Json) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let json = args.get(at).ok_or_else(|| self.fault(format!("argument {} is missing", at + 1)))?;
        self.within(&format!("args/{at}"), |this| read(this, json))
    }

    /// Operator and arguments.
    fn operator<'j>(&self, json: &'j Json) -> Result<(String, &'j [Json]), Fault> {
        let op = json.get("op").and_then(Json::as_str);
        let op = op.ok_or_else(|| self.fault("expected an object with 'op' and 'args'").hint(EXAMPLE))?;
        let args = json.get("args").and_then(Json::as_array);
        let args = args.ok_or_else(|| self.fault(format!("'{op}' has no array 'args'")).hint(EXAMPLE))?;
        Ok((op.to_ascii_lowercase(), args))
    }

    fn exactly(&self, op: &str, args: &[Json], count: usize) -> Result<(), Fault> {
        if args.len() == count {
            return Ok(());
        }
        Err(self.fault(format!("'{op}' has {count} arguments, and is given {}", args.len())))
    }

    /// The operators that join others stand by themselves: what nests needs little of the stack so.
    fn condition(&mut self, json: &Json) -> Result<Expr, Fault> {
        match json.get("op").and_then(Json::as_str) {
            Some(op) if op.eq_ignore_ascii_case("and") => self.joined(json).map(Expr::And),
            Some(op) if op.eq_ignore_ascii_case("or") => self.joined(json).map(Expr::Or),
            Some(op) if op.eq_ignore_ascii_case("not") => self.opposite(json),
            Some(op) if op.eq_ignore_ascii_case("isnull") && is_of_condition(json) => self.unknown(json),
            _ => self.fitting(json),
        }
    }

    #[inline(never)]
    fn fitting(&mut self, json: &Json) -> Result<Expr, Fault> {
        let expr = self.predicate(json)?;
        match self.schema.map(|schema| check(&expr, schema)) {
            Some(Err(found)) => Err(misfit(json, &self.path, &found)),
            _ => Ok(expr),
        }
    }

    fn joined(&mut self, json: &Json) -> Result<Vec<Expr>, Fault> {
        let (op, args) = self.operator(json)?;
        if args.len() < 2 {
            return Err(self.fault(format!("'{op}' joins two conditions or more")));
        }
        let mut parts = Vec::with_capacity(args.len());
        for (at, arg) in args.iter().enumerate() {
            let before = self.enter(&format!("args/{at}"))?;
            parts.push(self.condition(arg)?);
            self.leave(before);
        }
        Ok(parts)
    }

    fn opposite(&mut self, json: &Json) -> Result<Expr, Fault> {
        let (op, args) = self.operator(json)?;
        self.exactly(&op, args, 1)?;
        let before = self.enter("args/0")?;
        let part = self.condition(&args[0])?;
        self.leave(before);
        Ok(Expr::Not(Box::new(part)))
    }

    fn unknown(&mut self, json: &Json) -> Result<Expr, Fault> {
        let (op, args) = self.operator(json)?;
        self.exactly(&op, args, 1)?;
        let before = self.enter("args/0")?;
        let part = self.condition(&args[0])?;
        self.leave(before);
        Ok(Expr::IsUnknown(Box::new(part)))
    }

    // Not inlined, so that nesting needs no frame for it.
    #[inline(never)]
    fn predicate(&mut self, json: &Json) -> Result<Expr, Fault> {
        if let Json::Bool(truth) = json {
            return Ok(if *truth { Expr::always() } else { Expr::never() });
        }
        // Beyond the standard, as in the text form.
        if json.get("op").is_none() && json.get("property").is_some() {
            return self.plain(json).map(|property| is(property, true));
        }
        let (op, args) = self.operator(json)?;
        if let Some(how) = comparison(&op) {
            self.exactly(&op, args, 2)?;
            let (left, right) = (self.argument(args, 0, Self::value)?, self.argument(args, 1, Self::value)?);
            return Ok(Expr::Compare(left, how, right));
        }
        let capitals = op.to_ascii_uppercase();
        if let Some(relation) = geometry::relation(&capitals) {
            return self.spatial(&op, relation, args);
        }
        if let Some((relation, _)) = TimeRelation::ALL.into_iter().find(|(_, name)| *name == capitals) {
            self.exactly(&op, args, 2)?;
            let one = if relation.is_of_intervals() { Self::interval } else { Self::time };
            let (left, right) = (self.argument(args, 0, one)?, self.argument(args, 1, one)?);
            return Ok(Expr::Temporal(left, relation, right));
        }
        if let Some((relation, _)) = ArrayRelation::ALL.into_iter().find(|(_, name)| *name == capitals) {
            self.exactly(&op, args, 2)?;
            let (left, right) = (self.argument(args, 0, Self::list)?, self.argument(args, 1, Self::list)?);
            return Ok(Expr::Array(left, relation, right));
        }
        match op.as_str() {
            "isnull" => {
                self.exactly(&op, args, 1)?;
                self.argument(args, 0, Self::nothing)
            }
            "like" => {
                self.exactly(&op, args, 2)?;
                let operand = self.argument(args, 0, Self::value)?;
                Ok(Expr::Like { operand, pattern: self.argument(args, 1, Self::pattern)? })
            }
            "between" => {
                self.exactly(&op, args, 3)?;
                let operand = self.argument(args, 0, Self::value)?;
                let (low, high) = (self.argument(args, 1, Self::value)?, self.argument(args, 2, Self::value)?);
                Ok(Expr::Between(operand, low, high))
            }
            "in" => {
                self.exactly(&op, args, 2)?;
                let operand = self.argument(args, 0, Self::value)?;
                let operands = self.argument(args, 1, |this, list| {
                    let list = list.as_array().filter(|list| !list.is_empty());
                    let list = list.ok_or_else(|| this.fault("'in' has an array of values"))?;
                    let each = |(at, json)| this.within(&format!("{at}"), |this| this.value(json));
                    list.iter().enumerate().map(each).collect::<Result<Vec<_>, _>>()
                })?;
                Ok(one_of(operand, operands))
            }
            _ => {
                let known = ["and", "or", "not", "isNull", "like", "between", "in"];
                let names = geometry::NAMES.map(|(name, _)| name).into_iter();
                let names = names.chain(TimeRelation::ALL.map(|(_, name)| name));
                let all = known.into_iter().chain(names).chain(ArrayRelation::ALL.map(|(_, name)| name));
                let habit = HABITS.iter().find(|(habit, _)| *habit == op).map(|(_, meant)| *meant);
                let fault = self.fault(format!("there is no condition '{op}'"));
                Err(match habit.or_else(|| nearest(&op, all)) {
                    Some("isNull") => fault.hint("did you mean \"isNull\"?"),
                    Some(near) => fault.hint(format!("did you mean \"{}\"?", near.to_lowercase())),
                    None => fault
                        .hint(format!("there are = <> < <= > >= {} and those of CQL2 that relate", known.join(" "))),
                })
            }
        }
    }

    /// Whether there is no value, of whatever kind it may be.
    fn nothing(&mut self, json: &Json) -> Result<Expr, Fault> {
        if json.get("interval").is_some() {
            return self.time(json).map(|time| no_time(&time));
        }
        if is_geometry(json) {
            return self.geometry(json).map(|_| Expr::never());
        }
        self.value(json).map(Expr::IsNull)
    }

    fn spatial(&mut self, op: &str, relation: crate::expr::Relation, args: &[Json]) -> Result<Expr, Fault> {
        self.exactly(op, args, 2)?;
        let mut side = |at| {
            self.argument(args, at, |this, json| match json.get("property").and_then(Json::as_str) {
                Some(name) => Ok(Side::Property(name.to_owned())),
                None => this.geometry(json).map(Side::Geometry),
            })
        };
        let (first, second) = (side(0)?, side(1)?);
        joined(first, relation, second, &mut self.constants).map_err(|apart| match apart {
            Apart::Heights => self.fault(format!("'{op}' is flat, and takes a bbox of four numbers")),
            Apart::TooDear => self.fault(TooDear::MESSAGE),
        })
    }

    fn geometry(&mut self, json: &Json) -> Result<GeometryLiteral, Fault> {
        if let Some(numbers) = json.get("bbox").filter(|_| json.get("type").is_none()) {
            let numbers = numbers.as_array().and_then(|list| list.iter().map(Json::as_f64).collect::<Option<Vec<_>>>());
            return bbox(numbers.as_deref().unwrap_or_default(), self.frame)
                .map_err(|(message, _)| self.fault(message));
        }
        let mut figure = geojson::read(json).map_err(|message| self.fault(message))?;
        if self.frame.is_swapped {
            figure.swap();
        }
        Ok(GeometryLiteral::new(&figure, self.frame.crs.clone()))
    }

    fn pattern(&mut self, json: &Json) -> Result<String, Fault> {
        if let Json::String(pattern) = json {
            if pattern.chars().count() > like::LONGEST {
                return Err(self.fault(format!("the pattern is longer than {} characters", like::LONGEST)));
            }
            return Ok(like::canonical(pattern));
        }
        let (op, args) = self.operator(json).map_err(|_| self.fault("the pattern is a text"))?;
        self.exactly(&op, args, 1)?;
        let pattern = self.argument(args, 0, Self::pattern)?;
        match Function::named(&op) {
            Some(Function::CaseI) => Ok(without_case(&pattern)),
            Some(Function::AccentI) => Ok(without_accents(&pattern)),
            _ => Err(self.fault("the pattern is a text")),
        }
    }

    fn value(&mut self, json: &Json) -> Result<Operand, Fault> {
        let is_plain = json
            .as_object()
            .is_none_or(|object| ["property", "date", "timestamp"].iter().any(|it| object.contains_key(*it)));
        if is_plain { self.plain(json) } else { self.calculated(json) }
    }

    /// A property or a literal.
    #[inline(never)]
    fn plain(&mut self, json: &Json) -> Result<Operand, Fault> {
        let literal = match json {
            Json::String(text) => Value::Text(text.clone()),
            Json::Bool(truth) => Value::Bool(*truth),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(number), _) => Value::Int(number),
                (None, Some(number)) if number.is_finite() => Value::Float(number),
                _ => return Err(self.fault("the number is too large")),
            },
            Json::Null => return Err(self.fault("a value is needed").hint("whether there is none is told by isNull")),
            Json::Array(_) => return Err(self.fault("here a value is needed, not a list")),
            Json::Object(object) => {
                let text = |name: &str| object.get(name).and_then(Json::as_str);
                if let Some(name) = text("property") {
                    return Ok(Operand::Property(name.to_owned()));
                }
                if let Some(day) = text("date") {
                    let day = Date::parse(day).ok_or_else(|| self.fault(format!("'{day}' is not a day")))?;
                    return Ok(Operand::Literal(Value::Date(day)));
                }
                if let Some(at) = text("timestamp") {
                    let at = Instant::parse(at).ok_or_else(|| self.fault(format!("'{at}' is not an instant")))?;
                    return Ok(Operand::Literal(Value::Instant(at)));
                }
                return Err(self.fault("expected a property, a literal, or an object with 'op' and 'args'"));
            }
        };
        Ok(Operand::Literal(literal))
    }

    fn calculated(&mut self, json: &Json) -> Result<Operand, Fault> {
        let (called, args) = self.called(json)?;
        let mut arguments = Vec::with_capacity(args.len());
        for (at, arg) in args.iter().enumerate() {
            let before = self.enter(&format!("args/{at}"))?;
            arguments.push(self.value(arg)?);
            self.leave(before);
        }
        Ok(match called {
            Called::Function(function) => Operand::Call(function, arguments),
            Called::Operator(operator) => {
                let mut sides = arguments.into_iter();
                let sides = sides.next().zip(sides.next());
                let (left, right) = sides.ok_or_else(|| self.fault("a calculation has two sides"))?;
                Operand::calculation(left, operator, right)
            }
        })
    }

    /// What is called, with as many arguments as it has.
    #[inline(never)]
    fn called<'j>(&self, json: &'j Json) -> Result<(Called, &'j [Json]), Fault> {
        let (op, args) = self.operator(json)?;
        let operator = match op.as_str() {
            "+" => Operator::Add,
            "-" => Operator::Subtract,
            "*" => Operator::Multiply,
            "/" => Operator::Divide,
            "%" => Operator::Modulo,
            "div" => Operator::IntegerDivide,
            "^" => Operator::Power,
            _ => {
                let all = Function::LISTED.map(|function| function.description().name);
                let function = Function::named(&op).ok_or_else(|| {
                    let fault = self.fault(format!("there is no function '{op}'"));
                    match nearest(&op, all) {
                        Some(near) => fault.hint(format!("did you mean {near}?")),
                        None => fault.hint(format!("there are {}", all.join(", "))),
                    }
                })?;
                return match function.miscounted(&format!("'{op}'"), args.len()) {
                    Some(message) => Err(self.fault(message)),
                    None => Ok((Called::Function(function), args)),
                };
            }
        };
        self.exactly(&op, args, 2)?;
        Ok((Called::Operator(operator), args))
    }

    fn time(&mut self, json: &Json) -> Result<Time, Fault> {
        let Some(ends) = json.get("interval") else { return self.value(json).map(Time::At) };
        let [start, end] = ends.as_array().map(Vec::as_slice).unwrap_or_default() else {
            return Err(self.fault("an interval has two ends"));
        };
        let mut one = |at: &str, json: &Json| {
            self.within(&format!("interval/{at}"), |this| match json {
                Json::String(text) => {
                    let end = end_of(text).ok_or_else(|| this.fault(format!("'{text}' is not a time")))?;
                    Ok(end.map(Operand::Literal))
                }
                other => this.value(other).map(Some),
            })
        };
        Ok(Time::Between(one("0", start)?, one("1", end)?))
    }

    /// An interval, of a relation that takes no instants.
    fn interval(&mut self, json: &Json) -> Result<Time, Fault> {
        match self.time(json)? {
            Time::At(_) => Err(self.fault(NO_INTERVAL).hint("write it as in {\"interval\": [\"2018-02-12\", \"..\"]}")),
            interval @ Time::Between(..) => Ok(interval),
        }
    }

    fn list(&mut self, json: &Json) -> Result<List, Fault> {
        if let Some(name) = json.get("property").and_then(Json::as_str) {
            return Ok(List::Property(name.to_owned()));
        }
        let list = json.as_array().ok_or_else(|| self.fault("a list or a property is needed"))?;
        let each = |(at, json)| self.within(&format!("{at}"), |this| this.member(json));
        Ok(List::of(list.iter().enumerate().map(each).collect::<Result<_, _>>()?))
    }

    fn member(&mut self, json: &Json) -> Result<Member, Fault> {
        match json {
            Json::Array(list) => {
                let each = |(at, json)| self.within(&format!("{at}"), |this| this.member(json));
                Ok(Member::List(list.iter().enumerate().map(each).collect::<Result<_, _>>()?))
            }
            Json::Null => Err(self.fault("a list has no null")),
            json if is_geometry(json) => {
                self.geometry(json).map(|literal| Member::Literal(geojson::write(&literal.figure())))
            }
            json if json.get("interval").is_some() => {
                let literal = interval_of(&self.time(json)?);
                literal.map(Member::Literal).ok_or_else(|| self.fault("an interval in a list has literal ends"))
            }
            json => self.value(json).map(Member::Operand),
        }
    }
}

fn is_geometry(json: &Json) -> bool {
    json.get("type").is_some() || json.get("bbox").is_some()
}

/// Whether what may be nothing is a condition, not a value.
fn is_of_condition(json: &Json) -> bool {
    let op = json.pointer("/args/0/op").and_then(Json::as_str);
    op.is_some_and(|op| {
        let calculates = matches!(op, "+" | "-" | "*" | "/" | "%" | "^") || op.eq_ignore_ascii_case("div");
        !calculates && Function::named(op).is_none()
    })
}
