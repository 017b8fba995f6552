//! Predicates for tests: whatever CQL2 can say.

use proptest::prelude::*;

use serde_json::{Value as Json, json};

use super::array::{ArrayRelation, List, Member};
use super::function::Function;
use super::like::canonical;
use super::temporal::{Time, TimeRelation};
use super::{Comparison, Expr, GeometryLiteral, Operand, Operator, Relation};
use crate::base::bbox::Bbox;
use crate::base::bbox::Rect;
use crate::base::crs::Crs;
use crate::base::datetime::{Date, Instant};
use crate::model::geometry::{Figure, json as geojson};
use crate::model::schema::{Field, FieldKind, GeometryField, GeometryKind, KeyKind, Schema};
use crate::model::value::Value;

/// A layer with a property of each kind.
pub(crate) fn schema() -> Schema {
    let kinds = [
        ("count", FieldKind::Integer),
        ("size", FieldKind::Number),
        ("open", FieldKind::Boolean),
        ("name", FieldKind::String),
        ("day", FieldKind::Date),
        ("at", FieldKind::DateTime),
        ("image", FieldKind::Binary),
        ("tags", FieldKind::Json),
    ];
    let geometry =
        GeometryField { name: "shape".to_owned(), kind: GeometryKind::Any, crs: Crs::Crs84, epoch: None, has_z: false };
    Schema {
        fields: kinds.map(|(name, kind)| Field::new(name, kind)).into(),
        key: ("fid".to_owned(), KeyKind::Integer),
        geometry: Some(geometry),
        time: None,
    }
}

/// Any value that has a text.
pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Int),
        (-3i64..4).prop_map(Value::Int),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::Float),
        (-6i32..7).prop_map(|number| Value::Float(f64::from(number) / 2.0)),
        any::<bool>().prop_map(Value::Bool),
        "\\PC{0,6}".prop_map(Value::Text),
        "[abnt'\"%_\\\\\n]{0,4}".prop_map(Value::Text),
        (-700_000i32..2_000_000).prop_map(|day| Value::Date(Date(day))),
        (-62_000_000_000_000_000i64..200_000_000_000_000_000).prop_map(|at| Value::Instant(Instant(at))),
    ]
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,3}",
        "\\PC{1,5}",
        prop::sample::select(vec!["and", "Date", "NULL", "point", "x.y", "a b", "DIV"]).prop_map(str::to_owned)
    ]
}

/// A place that a box or a geometry of boxes has.
fn any_box() -> impl Strategy<Value = Bbox> {
    let number = || prop_oneof![(-20i32..20).prop_map(f64::from), -170.0..170.0f64];
    let high = prop_oneof![4 => Just(0.0), 4 => (0i32..9).prop_map(f64::from), 2 => 0.1..9.0f64];
    (number(), number(), high.clone(), high).prop_map(|(x, y, width, height)| Bbox::new(x, y, x + width, y + height))
}

/// A geometry of any kind that a client may write, without heights.
pub(crate) fn any_figure() -> impl Strategy<Value = Figure> {
    let place = || ((-20i32..20), (-20i32..20)).prop_map(|(x, y)| [f64::from(x), f64::from(y), f64::NAN]);
    let point = move || place().prop_map(|at| Figure::Point(Some(at)));
    let line = move || prop::collection::vec(place(), 2..5).prop_map(Figure::LineString);
    // A triangle, so that no ring crosses itself.
    let polygon = move || {
        (place(), 1i32..9, 1i32..9, -5i32..5).prop_map(|(at, width, height, lean)| {
            let [width, height, lean] = [width, height, lean].map(f64::from);
            let corner = |x: f64, y: f64| [at[0] + x, at[1] + y, f64::NAN];
            Figure::Polygon(vec![vec![at, corner(width, 0.0), corner(lean, height), at]])
        })
    };
    let some = |of: BoxedStrategy<Figure>| prop::collection::vec(of, 1..3);
    prop_oneof![
        point(),
        line(),
        polygon(),
        some(point().boxed()).prop_map(Figure::MultiPoint),
        some(line().boxed()).prop_map(Figure::MultiLineString),
        some(polygon().boxed()).prop_map(Figure::MultiPolygon),
        some(prop_oneof![point(), line(), polygon()].boxed()).prop_map(Figure::GeometryCollection),
    ]
}

/// A spatial predicate on a geometry of this name.
pub(crate) fn any_spatial(name: impl Strategy<Value = String>) -> impl Strategy<Value = Expr> {
    use Relation::{Contains, Crosses, Disjoint, Equals, Intersects, Overlaps, Touches, Within};
    let literal = |figure: Figure| GeometryLiteral::new(&figure, Crs::Crs84);
    let boxes = prop::collection::vec(any_box(), 1..4).prop_map(move |boxes| {
        let mut figures = boxes
            .into_iter()
            .map(|Bbox { min_x, min_y, max_x, max_y, .. }| Figure::rectangle(&Rect { min_x, min_y, max_x, max_y }));
        let first = figures.next().unwrap();
        let rest: Vec<Figure> = figures.collect();
        literal(if rest.is_empty() { first } else { Figure::GeometryCollection([vec![first], rest].concat()) })
    });
    let written = any_box().prop_flat_map(|bbox| {
        let Bbox { min_x, max_x, max_y, .. } = bbox;
        let area = Bbox { max_x: max_x + 1.0, max_y: max_y + 1.0, ..bbox };
        let crossing = Bbox { min_x: max_x + 1.0, max_x: min_x, ..area };
        prop::sample::select(vec![bbox, area, crossing, Bbox { min_y: max_y, ..crossing }])
    });
    let (boxes, written) = (boxes.boxed(), written.boxed());
    let among = move |relations: Vec<Relation>| {
        (
            prop::sample::select(relations),
            prop_oneof![boxes.clone(), written.clone().prop_map(|bbox| GeometryLiteral::bbox(&bbox, Crs::Crs84)),],
        )
    };
    let high = any_box()
        .prop_map(|bbox| GeometryLiteral::bbox(&Bbox { z: Some((bbox.min_y, bbox.max_y)), ..bbox }, Crs::Crs84));
    let all = vec![Intersects, Disjoint, Within, Contains, Touches, Crosses, Overlaps, Equals];
    let any = prop_oneof![
        2 => among(vec![Intersects, Disjoint, Within]),
        1 => among(all.clone()),
        1 => (prop::sample::select(vec![Intersects, Disjoint]), high),
        2 => (prop::sample::select(all), any_figure().prop_map(literal)),
    ];
    (any, name, prop::bool::weighted(0.1)).prop_map(|((relation, geometry), property, is_alone)| {
        if is_alone {
            Expr::Geometries(property.clone(), relation, property)
        } else {
            Expr::Spatial { relation, property, geometry, distance: None }
        }
    })
}

pub(crate) fn any_comparison() -> impl Strategy<Value = Comparison> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    prop::sample::select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual])
}

/// Predicates that join others by AND, OR and NOT.
pub(crate) fn joined(leaf: impl Strategy<Value = Expr> + 'static) -> impl Strategy<Value = Expr> {
    leaf.prop_recursive(4, 24, 4, |inner| {
        let several = || prop::collection::vec(inner.clone(), 2..5);
        prop_oneof![
            several().prop_map(Expr::And),
            several().prop_map(Expr::Or),
            inner.clone().prop_map(|part| Expr::Not(Box::new(part))),
            // Of what is true or false by itself the text is that of a value.
            inner
                .clone()
                .prop_filter("a condition", |part| *part != Expr::always() && *part != Expr::never())
                .prop_map(|part| Expr::IsUnknown(Box::new(part))),
        ]
    })
}

/// Properties, literals and what is calculated from them.
pub(crate) fn any_operand(
    name: impl Strategy<Value = String> + 'static,
    value: impl Strategy<Value = Value> + 'static,
) -> impl Strategy<Value = Operand> {
    use Operator::{Add, Divide, IntegerDivide, Modulo, Multiply, Power, Subtract};
    let leaf = prop_oneof![3 => name.prop_map(Operand::Property), 3 => value.prop_map(Operand::Literal)];
    leaf.prop_recursive(2, 6, 2, |inner| {
        let operators = vec![Add, Subtract, Multiply, Divide, Modulo, IntegerDivide, Power];
        let functions = [vec![Function::CaseI, Function::AccentI], Function::LISTED.into()].concat();
        prop_oneof![
            (inner.clone(), prop::sample::select(operators), inner.clone())
                .prop_map(|(left, operator, right)| Operand::calculation(left, operator, right)),
            (prop::sample::select(functions), inner.clone(), inner, any::<bool>()).prop_map(
                |(function, one, other, all)| {
                    let told = function.description();
                    let count = if all { told.arguments.len() } else { told.least };
                    Operand::Call(function, [one, other].into_iter().take(count).collect())
                }
            ),
        ]
    })
}

/// Conditions on times of these operands.
pub(crate) fn any_temporal(operand: impl Strategy<Value = Operand> + Clone + 'static) -> impl Strategy<Value = Expr> {
    let time = || {
        let end = prop::option::of(operand.clone());
        prop_oneof![
            operand.clone().prop_map(Time::At),
            (end.clone(), end).prop_map(|(from, to)| Time::Between(from, to))
        ]
    };
    (time(), prop::sample::select(TimeRelation::ALL.to_vec()), time()).prop_map(|(left, (relation, _), right)| {
        let time = |time| match time {
            Time::At(at) if relation.is_of_intervals() => Time::Between(Some(at.clone()), Some(at)),
            other => other,
        };
        Expr::Temporal(time(left), relation, time(right))
    })
}

/// A literal that is read as an operand.
fn of_literal(literal: Json) -> Member {
    Member::Operand(Operand::Literal(match literal {
        Json::String(text) => Value::Text(text),
        Json::Bool(truth) => Value::Bool(truth),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64().unwrap_or_default()),
        },
        other => return Member::Literal(other),
    }))
}

/// Conditions on lists of these names.
pub(crate) fn any_array(name: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = Expr> {
    let member = prop_oneof![
        "[ab']{0,2}".prop_map(Json::from),
        (-2i64..3).prop_map(Json::from),
        prop::sample::select(vec![-0.5, 1.5, 1e300]).prop_map(Json::from),
        any::<bool>().prop_map(Json::from),
    ];
    let member = member.prop_recursive(1, 4, 2, |inner| prop::collection::vec(inner, 0..3).prop_map(Json::Array));
    let literal = prop::collection::vec(member.clone(), 0..4).prop_map(List::Literal);
    let number = (-2i64..3).prop_map(Value::Int);
    let made = prop_oneof![
        member.prop_map(|literal| match literal {
            Json::Array(members) => Member::List(members.into_iter().map(of_literal).collect()),
            other => of_literal(other),
        }),
        name.clone().prop_map(|name| Member::Operand(Operand::Property(name))),
        any_operand(name.clone(), number).prop_map(Member::Operand),
        any_figure().prop_map(|figure| Member::Literal(geojson::write(&figure))),
        prop::sample::select(vec![
            json!({"interval": ["2018-02-12", ".."]}),
            json!({"interval": ["..", "2018-02-12T00:00:00Z"]})
        ])
        .prop_map(Member::Literal),
    ];
    let made = made.prop_recursive(1, 4, 2, |inner| prop::collection::vec(inner, 0..3).prop_map(Member::List));
    let made = prop::collection::vec(made, 0..3).prop_map(List::of);
    let list = prop_oneof![name.prop_map(List::Property), literal, made].boxed();
    (list.clone(), prop::sample::select(ArrayRelation::ALL.to_vec()), list)
        .prop_map(|(left, (relation, _), right)| Expr::Array(left, relation, right))
}

/// Any predicate that has a text.
pub(crate) fn any_expr() -> impl Strategy<Value = Expr> {
    let operand = || {
        prop_oneof![
            any_name().prop_map(Operand::Property),
            any_value().prop_map(Operand::Literal),
            any_operand(any_name(), any_value()),
        ]
    };
    // Times in an interval are written as texts.
    let time = prop_oneof![
        any_name().prop_map(Operand::Property),
        (-700_000i32..2_000_000).prop_map(|day| Operand::Literal(Value::Date(Date(day)))),
        (-62_000_000_000_000_000i64..200_000_000_000_000_000)
            .prop_map(|at| Operand::Literal(Value::Instant(Instant(at)))),
    ];
    joined(prop_oneof![
        3 => (operand(), any_comparison(), operand()).prop_map(|(left, how, right)| Expr::Compare(left, how, right)),
        1 => (operand(), "[abnt'%_\\\\]{0,5}")
            .prop_map(|(operand, pattern)| Expr::Like { operand, pattern: canonical(&pattern) }),
        1 => (operand(), operand(), operand()).prop_map(|(operand, low, high)| Expr::Between(operand, low, high)),
        1 => (operand(), prop::collection::vec(any_value(), 1..4)).prop_map(|(operand, values)| Expr::In(operand, values)),
        1 => operand().prop_map(Expr::IsNull),
        1 => any_spatial(any_name()),
        1 => any_temporal(time.boxed()),
        1 => any_array(any_name().boxed()),
        1 => prop::sample::select(vec![Expr::always(), Expr::never()]),
    ])
}

/// Coordinates of a line that crosses itself about as often as it can.
pub(crate) fn zigzag(vertices: u32, seed: u64) -> String {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(state >> 40).unwrap()) / f64::from(1 << 24) * 20.0
    };
    let positions: Vec<String> = (0..vertices).map(|_| format!("{:.3} {:.3}", next(), next())).collect();
    positions.join(",")
}
