//! The notes in the pictures: a small bookbinder's workshop. Invented for this project.

use serde_json::{Value, json};
use stet_tests::stage::AppProcess;

/// The note that is open in the pictures.
pub const FIRST: &str = "Half-leather, the green atlas";

/// What is typed while somebody watches on the other device: the editor goes on with the list by itself.
pub const LIVE: &str = "\ngold tooling on Thursday, if the light holds";

/// What is written while the server is away: by title, at the end.
pub const MEANWHILE: [(&str, &str); 3] = [
    ("Shopping, Saturday", "\nbone folder, the wide one"),
    ("Repair: the hymn book", "\nThe sewing is sound. Only the joints are gone."),
    ("Ideas for the spring market", "\na box that opens like a tulip"),
];

/// A note: folder, title, tags, starred, body. From the oldest to the newest.
type Note = (&'static str, &'static str, &'static [&'static str], bool, &'static str);

const NOTES: [Note; 11] = [
    (
        "Reading",
        "On margins",
        &["design"],
        false,
        "The margin is where the thumb goes. Everything else said about it is decoration.\n\nMeasure: inner 2, top 3, outer 4, foot 6.",
    ),
    (
        "Workshop",
        "Sharpening the plough",
        &["tools"],
        false,
        "Flat on the back, always. Twenty strokes on the fine stone, then leather.\n\nWhen it hums, stop.",
    ),
    (
        "Reading",
        "Notes from the lecture on papyrus",
        &["paper"],
        false,
        "- Strips laid crosswise, pressed, no glue needed\n- The sap does it\n- Good side: along the fibres",
    ),
    (
        "Workshop",
        "Paste, the way we make it",
        &["glue"],
        true,
        "One part wheat starch, four parts water.\n\n1. Soak for an hour\n2. Warm slowly, stirring all the time\n3. It turns from milk to glass\n4. Sieve twice, keep cool, use within three days",
    ),
    (
        "Customers",
        "Dr. Okafor, thesis in three copies",
        &["due"],
        false,
        "Black buckram, silver lettering on the spine.\n\nPick up on the **14th**, the third copy goes to the library.",
    ),
    (
        "Customers",
        "Repair: the hymn book",
        &["repair"],
        false,
        "Came in a plastic bag, every page there. Family piece, *do not* trim.",
    ),
    (
        "Workshop",
        "Marbling, what worked",
        &["paper"],
        false,
        "Carrageen, one day old. Ox gall: two drops in the blue, none in the red.\n\nComb once, then leave it alone.",
    ),
    (
        "Workshop",
        "Ideas for the spring market",
        &[],
        false,
        "- pocket notebooks with odd endpapers\n- a concertina of the river\n- twenty blank diaries, no dates",
    ),
    ("", "Shopping, Saturday", &[], false, "- linen thread 18/3, waxed\n- grey board, 2 mm, ten sheets\n- beeswax"),
    (
        "Customers",
        "Letter to the paper mill",
        &["paper"],
        false,
        "The last ream was a shade warmer than the one before. We like it better. Could the next one be the same?",
    ),
    (
        "Customers",
        FIRST,
        &["due", "repair"],
        true,
        "Spine and corners in **dark green goat**, sides in the marbled paper from March.\n\n> “It should look as if nothing had been done,” she said. That takes the longest.\n\n## Before covering\n\n- [x] guards on plates 4, 9 and 17\n- [x] new headbands, green and cream\n- [ ] line the spine, two layers\n- [ ] let it rest over the weekend under the heavy boards",
    ),
];

/// Writes everything, through the engine's commands.
pub async fn fill(app: &AppProcess) {
    let mut folders = std::collections::BTreeMap::from([("", Value::Null)]);
    for name in ["Workshop", "Customers", "Reading"] {
        let made = app.invoke("create_folder", json!({ "name": name, "parentId": null })).await;
        folders.insert(name, made["folderId"].clone());
    }
    for (folder, title, tags, starred, body) in NOTES {
        let note = json!({ "folderId": folders[folder], "title": title, "body": body });
        let made = app.invoke("create_note", note).await;
        let id = made["noteId"].clone();
        let changes = tags.iter().map(|tag| json!({ "kind": "addTag", "tag": tag }));
        let star = starred.then(|| json!({ "kind": "starred", "value": true }));
        for change in changes.chain(star) {
            app.invoke("change_note", json!({ "noteId": id, "change": change })).await;
        }
    }
    app.sees_row(FIRST).await;
}
