//! When it opens, what it lets through then, and when it closes.

use super::*;

const OPEN_FOR: Duration = Duration::from_secs(5);

fn breaker(failure_threshold: u32, half_open: HalfOpen) -> (CircuitBreaker, Instant) {
    let settings = Settings { failure_threshold, open_for: OPEN_FOR, half_open };
    (CircuitBreaker::new(settings), Instant::now())
}

/// A breaker that has just opened after three failures.
fn opened(half_open: HalfOpen) -> (CircuitBreaker, Instant) {
    let (mut breaker, now) = breaker(3, half_open);
    for opens in [false, false, true] {
        let permit = breaker.try_acquire(now).unwrap();
        assert_eq!(breaker.record(permit, Outcome::Failure, now), opens);
    }
    (breaker, now)
}

#[test]
fn opens_after_consecutive_failures() {
    use Outcome::{Failure, Success, Unknown};
    let (mut breaker, now) = breaker(3, HalfOpen::SingleProbe);
    for outcome in [Failure, Failure, Success, Failure, Unknown, Failure] {
        let permit = breaker.try_acquire(now).unwrap();
        assert!(!breaker.record(permit, outcome, now));
    }
    let permit = breaker.try_acquire(now).unwrap();
    assert!(breaker.record(permit, Failure, now));
    assert_eq!((breaker.state(), breaker.consecutive_failures()), (State::Open, 3));
    assert_eq!(breaker.try_acquire(now), None);
    assert_eq!(breaker.try_acquire(now + OPEN_FOR.mul_f64(0.99)), None);
    assert!(breaker.allows(now + OPEN_FOR));
}

#[test]
fn one_probe_decides() {
    for (outcome, state) in
        [(Outcome::Success, State::Closed), (Outcome::Failure, State::Open), (Outcome::Unknown, State::Open)]
    {
        let (mut breaker, now) = opened(HalfOpen::SingleProbe);
        let later = now + OPEN_FOR;
        assert_eq!(breaker.try_acquire(later), Some(Permit::Probe));
        assert_eq!((breaker.state(), breaker.try_acquire(later)), (State::HalfOpen, None), "one at a time");
        assert_eq!(breaker.record(Permit::Probe, outcome, later), outcome == Outcome::Failure);
        assert_eq!(breaker.state(), state, "{outcome:?}");
        assert_eq!(breaker.allows(later), outcome != Outcome::Failure, "{outcome:?}");
        assert!(breaker.allows(later + OPEN_FOR));
    }
}

#[test]
fn all_calls_go_through_and_the_first_result_decides() {
    let (mut breaker, now) = opened(HalfOpen::AllCalls);
    let later = now + OPEN_FOR;
    assert_eq!([breaker.try_acquire(later); 2], [Some(Permit::Normal); 2]);
    assert!(breaker.record(Permit::Normal, Outcome::Failure, later), "one failure is enough now");
    assert!(!breaker.allows(later));
    assert!(!breaker.record(Permit::Normal, Outcome::Failure, later), "it is open already");
    let again = later + OPEN_FOR;
    assert!(!breaker.record(Permit::Normal, Outcome::Success, again));
    assert_eq!((breaker.state(), breaker.consecutive_failures()), (State::Closed, 0));
    for _ in 0..2 {
        assert!(!breaker.record(Permit::Normal, Outcome::Failure, again), "it counts from the start");
    }
}

#[test]
fn late_results_of_earlier_calls() {
    for half_open in [HalfOpen::SingleProbe, HalfOpen::AllCalls] {
        let (mut breaker, now) = opened(half_open);
        assert!(!breaker.record(Permit::Normal, Outcome::Failure, now + OPEN_FOR / 2));
        assert!(breaker.allows(now + OPEN_FOR), "it does not stay open for longer");
        assert!(!breaker.record(Permit::Normal, Outcome::Success, now + OPEN_FOR / 2));
        assert_eq!(breaker.state(), State::Closed, "the service works");
    }
    let (mut breaker, now) = opened(HalfOpen::SingleProbe);
    breaker.try_acquire(now + OPEN_FOR);
    assert!(!breaker.record(Permit::Normal, Outcome::Failure, now + OPEN_FOR));
    assert_eq!(breaker.state(), State::HalfOpen, "the probe decides");
}

#[test]
fn trips_at_once() {
    let (mut breaker, now) = breaker(5, HalfOpen::AllCalls);
    assert!(breaker.trip(now));
    assert!(!breaker.allows(now));
    assert!(!breaker.trip(now + OPEN_FOR / 2), "it is open already");
    assert!(breaker.allows(now + OPEN_FOR));
    assert!(breaker.trip(now + OPEN_FOR));
    assert!(!breaker.allows(now + OPEN_FOR));
}

#[test]
fn never_opens_by_counting_with_a_threshold_of_zero() {
    let (mut breaker, now) = breaker(0, HalfOpen::SingleProbe);
    for _ in 0..1000 {
        let permit = breaker.try_acquire(now).unwrap();
        assert!(!breaker.record(permit, Outcome::Failure, now));
    }
}

#[test]
fn the_longest_time_does_not_overflow() {
    let settings =
        Settings { failure_threshold: 1, open_for: Duration::MAX, half_open: HalfOpen::SingleProbe };
    let (mut breaker, now) = (CircuitBreaker::new(settings), Instant::now());
    assert!(breaker.record(Permit::Normal, Outcome::Failure, now));
    assert!(!breaker.allows(now + OPEN_FOR));
}
