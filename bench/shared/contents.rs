//! What the seeded tasks say: the same on either engine, and different enough from each other.

use duly::models::folding::fold;
use uuid::Uuid;

use super::people::task_id;
use super::random::Random;

const VERBS: [&str; 12] = [
    "Call", "Write to", "Answer", "Prepare", "Check", "Pay", "Book", "Repair", "Order", "Discuss",
    "Clean", "Plan",
];
const OBJECTS: [&str; 20] = [
    "the dentist",
    "the tax return",
    "the kitchen tap",
    "the café invoice",
    "Grandma's birthday",
    "the quarterly report",
    "the bicycle",
    "the train to Zürich",
    "the insurance",
    "the garden",
    "the new colleague",
    "the server room",
    "the winter tyres",
    "the landlord",
    "the holidays",
    "the photo album",
    "the piano lesson",
    "the team meeting",
    "the spare keys",
    "the washing machine",
];
const WHEN: [&str; 6] =
    ["", " before lunch", " this week", " again", " with Jörg", " for the office"];
const SENTENCES: [&str; 6] = [
    "Ask for the price first, and for how long the offer holds.",
    "The papers are in the blue folder on the second shelf.",
    "It has been put off twice already; do not put it off again.",
    "Müller knows the details and is in the office until four.",
    "See the notes of the last meeting, point three.",
    "Needs a screwdriver, patience, and perhaps a second person.",
];
const TAGS: [&str; 8] =
    ["home", "work", "family", "money", "errands", "phone", "someday", "health"];

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A row of `tasks`. Times are microseconds since 1970.
pub struct Row {
    pub id: Uuid,
    pub title: String,
    pub title_folded: String,
    pub description: Option<String>,
    pub description_folded: Option<String>,
    pub completed_at: Option<i64>,
    pub priority: i64,
    pub due_at: Option<i64>,
    pub due_has_time: bool,
    pub tags: String,
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Row {
    /// A task of a person who has so many; `now` is the time of the last.
    pub fn new(person: u64, task: u64, of: u64, now: i64) -> Self {
        let mut random = Random::new((person << 32) + task);
        let title =
            format!("{} {}{}", random.pick(&VERBS), random.pick(&OBJECTS), random.pick(&WHEN));
        let sentences = random.below(5).saturating_sub(1);
        let description = (0..sentences).map(|_| *random.pick(&SENTENCES)).collect::<Vec<_>>();
        let description = (sentences > 0).then(|| description.join(" "));
        // A year's worth, and so one behind the other as their ids are.
        let created_at = now - 365 * DAY + (365 * DAY / of as i64) * task as i64;
        let age = (now - created_at).max(1) as u64;
        let later = |random: &mut Random| created_at + random.below(age) as i64;
        // Whole milliseconds, as the program keeps them.
        let millis = |micros: i64| micros - micros.rem_euclid(1_000);
        let completed_at = (random.below(10) < 4).then(|| millis(later(&mut random)));
        let due_has_time = random.below(2) == 0;
        let due_at = (random.below(10) < 7).then(|| {
            let due = now - 30 * DAY + random.below(120 * DAY as u64) as i64;
            if due_has_time { millis(due) } else { due - due.rem_euclid(DAY) }
        });
        let tags: Vec<&str> = (0..random.below(4)).map(|_| *random.pick(&TAGS)).collect();
        Self {
            id: task_id(person, task),
            title_folded: fold(&title),
            title,
            description_folded: description.as_deref().map(fold),
            description,
            completed_at,
            priority: *random.pick(&[0, 0, 0, 1, 1, 2, 2, 3, 3, 4]),
            due_at,
            due_has_time: due_at.is_some() && due_has_time,
            tags: serde_json::to_string(&distinct(tags)).expect("texts are JSON"),
            version: task as i64 + 1,
            created_at: millis(created_at),
            updated_at: completed_at.unwrap_or(millis(created_at)),
        }
    }
}

fn distinct(mut tags: Vec<&str>) -> Vec<&str> {
    tags.sort_unstable();
    tags.dedup();
    tags
}
