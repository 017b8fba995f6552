//! How times lie to each other (CQL2, 7.7: the relations of Allen's algebra).

use crate::base::datetime::{Date, Instant};
use crate::model::value::Value;

use super::operand::Operand;
use super::{Comparison, Expr};

/// How the first of two times lies to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeRelation {
    /// It starts after the end of the other.
    After,
    /// It ends before the start of the other.
    Before,
    /// It starts before and ends after the other.
    Contains,
    /// They share no instant.
    Disjoint,
    /// It starts after the start and ends before the end of the other.
    During,
    /// Both start and end together.
    Equals,
    /// It starts before the other; both end together.
    FinishedBy,
    /// It starts after the other; both end together.
    Finishes,
    /// They share an instant.
    Intersects,
    /// It ends when the other starts.
    Meets,
    /// It starts when the other ends.
    MetBy,
    /// It starts within the other and ends after it.
    OverlappedBy,
    /// It starts before the other and ends within it.
    Overlaps,
    /// Both start together; it ends after the other.
    StartedBy,
    /// Both start together; it ends before the other.
    Starts,
}

impl TimeRelation {
    /// All, with the name that each has in CQL2.
    pub const ALL: [(TimeRelation, &'static str); 15] = [
        (Self::After, "T_AFTER"),
        (Self::Before, "T_BEFORE"),
        (Self::Contains, "T_CONTAINS"),
        (Self::Disjoint, "T_DISJOINT"),
        (Self::During, "T_DURING"),
        (Self::Equals, "T_EQUALS"),
        (Self::FinishedBy, "T_FINISHEDBY"),
        (Self::Finishes, "T_FINISHES"),
        (Self::Intersects, "T_INTERSECTS"),
        (Self::Meets, "T_MEETS"),
        (Self::MetBy, "T_METBY"),
        (Self::OverlappedBy, "T_OVERLAPPEDBY"),
        (Self::Overlaps, "T_OVERLAPS"),
        (Self::StartedBy, "T_STARTEDBY"),
        (Self::Starts, "T_STARTS"),
    ];

    /// Whether both times of it last: an instant, or a day, neither starts, meets nor overlaps another (CQL2, 7.8).
    pub fn is_of_intervals(self) -> bool {
        matches!(
            self,
            Self::FinishedBy
                | Self::Finishes
                | Self::Meets
                | Self::MetBy
                | Self::OverlappedBy
                | Self::Overlaps
                | Self::StartedBy
                | Self::Starts
        )
    }

    /// How the second lies to the first.
    fn converse(self) -> Self {
        match self {
            Self::After => Self::Before,
            Self::Before => Self::After,
            Self::Contains => Self::During,
            Self::During => Self::Contains,
            Self::Disjoint | Self::Equals | Self::Intersects => self,
            Self::FinishedBy => Self::Finishes,
            Self::Finishes => Self::FinishedBy,
            Self::Meets => Self::MetBy,
            Self::MetBy => Self::Meets,
            Self::OverlappedBy => Self::Overlaps,
            Self::Overlaps => Self::OverlappedBy,
            Self::StartedBy => Self::Starts,
            Self::Starts => Self::StartedBy,
        }
    }

    /// Whether the first lies so to the second.
    pub fn holds(self, one: &Span, other: &Span) -> bool {
        let ((s1, e1), (s2, e2)) = (one, other);
        match self {
            Self::After => e2.is_before(s1),
            Self::Before => e1.is_before(s2),
            Self::Contains => {
                let (start, end) = around(*one);
                start.is_before(s2) && e2.is_before(&end)
            }
            Self::Disjoint => e1.is_before(s2) || e2.is_before(s1),
            Self::During => Self::Contains.holds(other, one),
            Self::Equals => s1.is(s2) && e1.is(e2),
            Self::FinishedBy => s1.is_before(s2) && e1.is(e2),
            Self::Finishes => s2.is_before(s1) && e1.is(e2),
            Self::Intersects => !(e1.is_before(s2) || e2.is_before(s1)),
            Self::Meets => e1.is(s2),
            Self::MetBy => s1.is(e2),
            Self::OverlappedBy => s2.is_before(s1) && s1.is_before(e2) && e2.is_before(e1),
            Self::Overlaps => s1.is_before(s2) && s2.is_before(e1) && e1.is_before(e2),
            Self::StartedBy => s1.is(s2) && e2.is_before(e1),
            Self::Starts => s1.is(s2) && e1.is_before(e2),
        }
    }
}

/// What a relation of a property's one time to a literal says, as comparisons that are true, false and unknown with it;
/// `None` where there are none. A property of days (`is_day`) is compared with days.
pub fn as_comparisons(left: &Time, relation: TimeRelation, right: &Time, is_day: bool) -> Option<Expr> {
    use Comparison::{Greater, GreaterOrEqual, Less, LessOrEqual};
    let (name, relation, span) = match (left, right) {
        (Time::At(Operand::Property(name)), literal) => (name, relation, literal.span()?),
        (literal, Time::At(Operand::Property(name))) => (name, relation.converse(), literal.span()?),
        _ => return None,
    };
    let (start, end) = &span;
    let compare = |how: Comparison, at: Tick| {
        let value = at.value(is_day).filter(|_| !at.is_open())?;
        Some(Expr::Compare(Operand::Property(name.clone()), how, Operand::Literal(value)))
    };
    // An open end is no condition; one that is open on both sides has none left, and is not for here.
    let both = |low: (Comparison, Tick), high: (Comparison, Tick)| {
        let mut parts = Vec::new();
        for (how, at) in [low, high].into_iter().filter(|(_, at)| !at.is_open()) {
            parts.push(compare(how, at)?);
        }
        (!parts.is_empty()).then_some(Expr::And(parts))
    };
    match relation {
        TimeRelation::After => compare(Greater, end.last),
        TimeRelation::Before => compare(Less, start.first),
        TimeRelation::During => {
            let (start, end) = around(span);
            both((Greater, start.last), (Less, end.first))
        }
        TimeRelation::Intersects => both((GreaterOrEqual, start.first), (LessOrEqual, end.last)),
        TimeRelation::Disjoint => {
            Some(Expr::Not(Box::new(both((GreaterOrEqual, start.first), (LessOrEqual, end.last))?)))
        }
        TimeRelation::Equals if start == end => both((GreaterOrEqual, start.first), (LessOrEqual, start.last)),
        _ => None,
    }
}

/// What holds for every row in which a time from one property to another lies so to a literal; `None` where nothing is known.
/// Properties of days, as `is_day` tells, are compared with days.
pub fn narrowed(left: &Time, relation: TimeRelation, right: &Time, is_day: &dyn Fn(&str) -> bool) -> Option<Expr> {
    use Comparison::{Greater, GreaterOrEqual, Less, LessOrEqual};
    use TimeRelation as T;
    let (time, relation, (s2, e2)) = match (left.span(), right.span()) {
        (None, Some(span)) => (left, relation, span),
        (Some(span), None) => (right, relation.converse(), span),
        _ => return None,
    };
    let property = |operand: &Option<Operand>| match operand {
        Some(Operand::Property(name)) => Some(name.clone()),
        _ => None,
    };
    let (start, end) = match time {
        Time::At(at) => (property(&Some(at.clone())), property(&Some(at.clone()))),
        Time::Between(start, end) => (property(start), property(end)),
    };
    let mut parts = Vec::new();
    let mut test = |name: &Option<String>, how: Comparison, at: Tick| {
        if let Some(name) = name.as_ref().filter(|_| !at.is_open()) {
            let value = at.value(is_day(name));
            let compare = |value| Expr::Compare(Operand::Property(name.clone()), how, Operand::Literal(value));
            parts.extend(value.map(compare));
        }
    };
    let mut each = |tests: &[(&Option<String>, Comparison, Tick)]| {
        for (name, how, at) in tests {
            test(name, *how, *at);
        }
    };
    let (s1, e1) = (&start, &end);
    let is = |name, moment: &Moment| [(name, GreaterOrEqual, moment.first), (name, LessOrEqual, moment.last)];
    match relation {
        T::After => each(&[(s1, Greater, e2.last)]),
        T::Before => each(&[(e1, Less, s2.first)]),
        // A day may contain what lies within it.
        T::Contains => each(&[(s1, LessOrEqual, s2.first), (e1, GreaterOrEqual, e2.last)]),
        T::During => {
            let (s2, e2) = around((s2, e2));
            each(&[(s1, Greater, s2.last), (e1, Less, e2.first)]);
        }
        T::Intersects => each(&[(e1, GreaterOrEqual, s2.first), (s1, LessOrEqual, e2.last)]),
        T::Equals => each(&[is(s1, &s2), is(e1, &e2)].concat()),
        T::FinishedBy => each(&[&[(s1, Less, s2.first)][..], &is(e1, &e2)].concat()),
        T::Finishes => each(&[&[(s1, Greater, s2.last)][..], &is(e1, &e2)].concat()),
        T::Meets => each(&is(e1, &s2)),
        T::MetBy => each(&is(s1, &e2)),
        T::OverlappedBy => each(&[(s1, Greater, s2.last), (s1, Less, e2.first), (e1, Greater, e2.last)]),
        T::Overlaps => each(&[(s1, Less, s2.first), (e1, Greater, s2.last), (e1, Less, e2.first)]),
        T::StartedBy => each(&[&is(s1, &s2)[..], &[(e1, Greater, e2.last)]].concat()),
        T::Starts => each(&[&is(s1, &s2)[..], &[(e1, Less, e2.first)]].concat()),
        T::Disjoint => {}
    }
    (!parts.is_empty()).then_some(Expr::And(parts))
}

/// A time that is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Time {
    /// An instant, or a day.
    At(Operand),
    /// From one to another; `None` is an open end.
    Between(Option<Operand>, Option<Operand>),
}

impl Time {
    /// Start and end, where they are literals.
    fn span(&self) -> Option<Span> {
        let literal = |operand: &Operand| match operand {
            Operand::Literal(value) => Moment::of(value),
            _ => None,
        };
        match self {
            Time::At(at) => literal(at).map(|at| (at, at)),
            Time::Between(start, end) => {
                let start = start.as_ref().map_or(Some(Moment::PAST), literal)?;
                Some((start, end.as_ref().map_or(Some(Moment::FUTURE), literal)?))
            }
        }
    }

    /// Whether it ends before it starts.
    pub(super) fn is_reversed(&self) -> bool {
        self.span().is_some_and(|(start, end)| end.is_before(&start))
    }

    /// Calls `visit` with each operand.
    pub fn operands<'a>(&'a self, visit: &mut dyn FnMut(&'a Operand)) {
        match self {
            Time::At(at) => visit(at),
            Time::Between(start, end) => start.iter().chain(end).for_each(visit),
        }
    }
}

/// Start and end.
pub type Span = (Moment, Moment);

/// The ends between which other times may lie: those of a day, be it alone or an interval of it, are its first instant and its last.
fn around((start, end): Span) -> Span {
    let at = |at: Tick| Moment { first: at, last: at };
    if start == end { (at(start.first), at(end.last)) } else { (start, end) }
}

/// Microseconds since 1970, as far as days are told: instants end in the year 294,276.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Tick(i128);

impl Tick {
    const DAY: i128 = 86_400_000_000;

    fn is_open(self) -> bool {
        self == Moment::PAST.first || self == Moment::FUTURE.first
    }

    /// The day that it is of, or the instant; none where there is no such.
    fn value(self, is_day: bool) -> Option<Value> {
        if is_day {
            return i32::try_from(self.0.div_euclid(Self::DAY)).ok().map(|day| Value::Date(Date(day)));
        }
        i64::try_from(self.0).ok().map(|at| Value::Instant(Instant(at)))
    }
}

/// The instants that an end of a time may mean: one, those of a day, or those before or after all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    first: Tick,
    last: Tick,
}

impl Moment {
    /// Before every other.
    pub const PAST: Moment = Moment { first: Tick(i128::MIN), last: Tick(i128::MIN) };
    /// After every other.
    pub const FUTURE: Moment = Moment { first: Tick(i128::MAX), last: Tick(i128::MAX) };

    /// Of a value; `None` for one that is no time.
    pub fn of(value: &Value) -> Option<Moment> {
        match value {
            Value::Date(day) => {
                let first = i128::from(day.0) * Tick::DAY;
                Some(Self { first: Tick(first), last: Tick(first + Tick::DAY - 1) })
            }
            Value::Instant(at) => Some(Self { first: Tick(at.0.into()), last: Tick(at.0.into()) }),
            _ => None,
        }
    }

    fn is_before(&self, other: &Moment) -> bool {
        self.last < other.first
    }

    /// Whether they are the same, as exactly as the coarser of them is told.
    fn is(&self, other: &Moment) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

#[cfg(test)]
mod tests {
    use super::TimeRelation as T;
    use super::*;

    #[test]
    fn what_lies_so_to_a_literal_is_narrowed() {
        let parse = |text: &str| crate::expr::cql2::parse(text).unwrap();
        for (text, expected) in [
            (
                "T_DURING(INTERVAL(a, b), INTERVAL('1991-10-01', '1991-12-31'))",
                "a > TIMESTAMP('1991-10-01T23:59:59.999999Z') AND b < TIMESTAMP('1991-12-31T00:00:00Z')",
            ),
            (
                "T_METBY(INTERVAL(a, '..'), INTERVAL('..', '1991-10-01'))",
                "a >= TIMESTAMP('1991-10-01T00:00:00Z') AND a <= TIMESTAMP('1991-10-01T23:59:59.999999Z')",
            ),
        ] {
            let Expr::Temporal(left, relation, right) = parse(text) else { panic!("{text}") };
            assert_eq!(narrowed(&left, relation, &right, &|_| false), Some(parse(expected)), "{text}");
        }
    }

    #[test]
    fn an_instant_of_a_day_is_found_within_it() {
        let parse = |text: &str| crate::expr::cql2::parse(text).unwrap();
        let of = |text: &str| match parse(text) {
            Expr::Temporal(left, relation, right) => (left, relation, right),
            other => panic!("{other}"),
        };
        let (left, relation, right) = of("T_DURING(a, DATE('1991-10-01'))");
        let within = "a > TIMESTAMP('1991-10-01T00:00:00Z') AND a < TIMESTAMP('1991-10-01T23:59:59.999999Z')";
        assert_eq!(as_comparisons(&left, relation, &right, false), Some(parse(within)));
        assert_eq!(narrowed(&left, relation, &right, &|_| false), Some(parse(within)));
        let (left, relation, right) = of("T_CONTAINS(d, TIMESTAMP('1991-10-01T12:00:00Z'))");
        let on_it = "d <= DATE('1991-10-01') AND d >= DATE('1991-10-01')";
        assert_eq!(as_comparisons(&left, relation, &right, true), None);
        assert_eq!(narrowed(&left, relation, &right, &|_| true), Some(parse(on_it)));
    }

    #[test]
    fn a_day_beyond_all_instants_was_another() {
        let day = |text: &str| Moment::of(&Value::Date(Date::parse(text).unwrap())).unwrap();
        let (far, next, before) = (day("+5874897-12-31"), day("+5874897-12-30"), day("2020-01-04"));
        for (one, other, holds) in [
            (far, before, vec![T::After, T::Disjoint]),
            (before, far, vec![T::Before, T::Disjoint]),
            (far, next, vec![T::After, T::Disjoint]),
            (far, far, vec![T::Equals, T::Intersects]),
        ] {
            for (relation, name) in [T::After, T::Before, T::Disjoint, T::Equals, T::Intersects].map(|it| (it, it)) {
                assert_eq!(relation.holds(&(one, one), &(other, other)), holds.contains(&relation), "{name:?}");
            }
        }
        let of = |text: &str| match crate::expr::cql2::parse(text).unwrap() {
            Expr::Temporal(left, relation, right) => (left, relation, right),
            other => panic!("{other}"),
        };
        let parse = |text: &str| Some(crate::expr::cql2::parse(text).unwrap());
        let (left, relation, right) = of("T_EQUALS(d, DATE('+5874897-12-31'))");
        let on_it = "d >= DATE('+5874897-12-31') AND d <= DATE('+5874897-12-31')";
        assert_eq!(as_comparisons(&left, relation, &right, true), parse(on_it));
        assert_eq!(narrowed(&left, relation, &right, &|_| true), parse(&format!("{on_it} AND {on_it}")));
        // No instant can be compared with it: the loop says.
        assert_eq!(as_comparisons(&left, relation, &right, false), None);
        let (left, relation, right) = of("T_INTERSECTS(d, INTERVAL('2020-01-01', DATE('+5874897-12-31')))");
        assert_eq!(as_comparisons(&left, relation, &right, false), None);
        assert_eq!(
            narrowed(&left, relation, &right, &|_| false),
            parse("d >= TIMESTAMP('2020-01-01T00:00:00Z')").map(|it| Expr::And(vec![it]))
        );
    }

    #[test]
    fn the_relations_are_allens() {
        let span = |from: i32, to: i32| {
            let day = |day: i32| Moment::of(&Value::Date(Date(day))).unwrap();
            (day(from), day(to))
        };
        for (one, other, holds) in [
            ((1, 2), (4, 5), vec![T::Before, T::Disjoint]),
            ((4, 5), (1, 2), vec![T::After, T::Disjoint]),
            ((1, 4), (4, 6), vec![T::Meets, T::Intersects]),
            ((4, 6), (1, 4), vec![T::MetBy, T::Intersects]),
            ((1, 5), (3, 7), vec![T::Overlaps, T::Intersects]),
            ((3, 7), (1, 5), vec![T::OverlappedBy, T::Intersects]),
            ((1, 3), (1, 5), vec![T::Starts, T::Intersects]),
            ((1, 5), (1, 3), vec![T::StartedBy, T::Intersects]),
            ((3, 5), (1, 5), vec![T::Finishes, T::Intersects]),
            ((1, 5), (3, 5), vec![T::FinishedBy, T::Intersects]),
            ((2, 3), (1, 5), vec![T::During, T::Intersects]),
            ((1, 5), (2, 3), vec![T::Contains, T::Intersects]),
            ((1, 5), (1, 5), vec![T::Equals, T::Intersects]),
            ((3, 3), (1, 5), vec![T::During, T::Intersects]),
        ] {
            for (relation, name) in TimeRelation::ALL {
                let told = relation.holds(&span(one.0, one.1), &span(other.0, other.1));
                assert_eq!(told, holds.contains(&relation), "{one:?} {name} {other:?}");
            }
        }
        let noon = Moment::of(&Value::Instant(Instant::parse("1970-01-04T12:00:00Z").unwrap())).unwrap();
        assert!(T::Equals.holds(&(noon, noon), &span(3, 3)), "an instant is as its day, no more is told");
        assert!(T::During.holds(&(noon, noon), &(Moment::PAST, Moment::FUTURE)));
        assert!(T::During.holds(&(noon, noon), &span(3, 3)), "a day is all its instants");
        assert!(T::Contains.holds(&span(3, 3), &(noon, noon)) && !T::Contains.holds(&span(3, 3), &span(3, 3)));
        let midnight = Moment::of(&Value::Instant(Date(3).start())).unwrap();
        assert!(!T::During.holds(&(midnight, midnight), &span(3, 3)), "an end lies not between the ends");
        assert!(!T::During.holds(&(noon, noon), &span(3, 5)), "a day at an end is that end");
    }
}
