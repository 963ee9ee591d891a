//! Output as a page shows it: `…` stands for any text, `ID` for an identifier that stays the same within a block.

/// Identifiers by the placeholder that stands for them.
const PLACEHOLDER: &str = "ID";

/// Compares without regard to white space; returns the identifier that the placeholder stands for.
///
/// # Errors
/// The part of the pattern that was not found in the output.
pub fn matches(pattern: &str, output: &str, known: Option<&str>) -> Result<Option<String>, String> {
    let (pattern, output) = (squeezed(pattern), squeezed(output));
    let mut rest = output.as_str();
    let mut id = known.map(str::to_owned);
    let mut any = false;
    for piece in pieces(&pattern) {
        match piece {
            Piece::Any => any = true,
            Piece::Id => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
                let found = id.get_or_insert_with(|| rest[..end].to_owned());
                rest = rest.strip_prefix(found.as_str()).ok_or_else(|| format!("{found} before {rest}"))?;
            }
            Piece::Text(text) => {
                let start = rest.find(text).filter(|start| any || *start == 0);
                rest = &rest[start.ok_or_else(|| format!("{text} in {rest}"))? + text.len()..];
                any = false;
            }
        }
    }
    if any || rest.is_empty() { Ok(id) } else { Err(format!("the end before {rest}")) }
}

/// The command with the identifier in place of its placeholder.
pub fn with_id(command: &str, id: Option<&str>) -> String {
    id.map_or_else(|| command.to_owned(), |id| command.replace(&format!("/{PLACEHOLDER}"), &format!("/{id}")))
}

enum Piece<'a> {
    Any,
    Id,
    Text(&'a str),
}

fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for (number, part) in pattern.split('…').enumerate() {
        if number > 0 {
            pieces.push(Piece::Any);
        }
        for (number, text) in part.split(PLACEHOLDER).enumerate() {
            if number > 0 {
                pieces.push(Piece::Id);
            }
            if !text.is_empty() {
                pieces.push(Piece::Text(text));
            }
        }
    }
    pieces
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn patterns_match_what_they_show() {
    assert_eq!(matches("a: 1, …, z", "a:1,b,c,z\n", None), Ok(None));
    assert_eq!(matches("id=ID, /x/ID", "id=7f, /x/7f", None), Ok(Some("7f".to_owned())));
    assert!(matches("id=ID, /x/ID", "id=7f, /x/80", None).is_err());
    assert!(matches("/x/ID", "/x/7f", Some("80")).is_err());
    for (pattern, output) in [("a", "ab"), ("ab", "a"), ("a…b", "ac"), ("b…", "ab")] {
        assert!(matches(pattern, output, None).is_err(), "{pattern} {output}");
    }
    assert_eq!(with_id("get /a/ID/b", Some("7")), "get /a/7/b");
}
