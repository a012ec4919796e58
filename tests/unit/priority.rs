use duly::models::priority::{Priority, PrioritySet};
use proptest::prelude::*;

#[test]
fn every_priority_has_a_name_and_a_rank() {
    for (priority, name, rank) in [
        (Priority::None, "none", 0),
        (Priority::Low, "low", 1),
        (Priority::Medium, "medium", 2),
        (Priority::High, "high", 3),
        (Priority::Urgent, "urgent", 4),
    ] {
        assert_eq!(Priority::parse(name), Some(priority));
        assert_eq!(priority.as_str(), name);
        assert_eq!(serde_json::to_value(priority).unwrap(), name);
        assert_eq!(priority.rank(), rank);
        assert_eq!(Priority::from_rank(rank), Some(priority));
    }
    assert_eq!(Priority::default(), Priority::None);
}

#[test]
fn other_names_and_ranks_are_no_priority() {
    for name in ["", "None", "LOW", " low", "critical"] {
        assert_eq!(Priority::parse(name), None);
    }
    for rank in [-1, 5, i64::MIN, i64::MAX] {
        assert_eq!(Priority::from_rank(rank), None);
    }
}

#[test]
fn the_bits_of_a_set_are_the_ranks() {
    let set: PrioritySet = [Priority::None, Priority::Urgent, Priority::None].into_iter().collect();
    assert_eq!(set.iter().collect::<Vec<_>>(), [Priority::None, Priority::Urgent]);
    assert_eq!(PrioritySet::default().iter().count(), 0);
}

proptest! {
    #[test]
    fn a_set_holds_what_was_collected(ranks in prop::collection::vec(0..5_i64, 0..8)) {
        let set: PrioritySet = ranks.iter().filter_map(|rank| Priority::from_rank(*rank)).collect();
        for priority in Priority::ALL {
            prop_assert_eq!(set.contains(priority), ranks.contains(&priority.rank()));
        }
    }
}
