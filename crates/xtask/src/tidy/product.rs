//! Product code: the code without items that are compiled for tests only.

use super::code::has_word;

/// The attribute of items that are compiled for tests only.
const TEST_MARK: &str = "#[cfg(test)]";

/// Blanks every item under `#[cfg(test)]`, line for line. The text has no comments and no contents of literals.
pub fn product_only(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(TEST_MARK) {
        let end = at + item_end(&rest[at..]);
        out.push_str(&rest[..at]);
        out.extend(rest[at..end].chars().filter(|&c| c == '\n'));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// The modules in separate files that are compiled for tests only: `name` of `#[cfg(test)] mod name;`.
pub fn test_modules(code: &str) -> Vec<&str> {
    let items = code.match_indices(TEST_MARK).map(|(at, _)| &code[at..at + item_end(&code[at..])]);
    items
        .filter_map(|item| item.strip_suffix(';')?.rsplit_once("mod ").map(|(_, name)| name.trim()))
        .collect()
}

/// Keywords at the start of an item, which does not end at a comma.
const ITEMS: [&str; 9] = ["const", "enum", "fn", "impl", "mod", "static", "struct", "trait", "use"];

/// The length of the item at the start of the text, with its attributes: up to a `;`, to the end of its block, or, for
/// the field of a struct and the arm of a match, to a `,`.
fn item_end(code: &str) -> usize {
    let (mut round, mut curly) = (0_i32, 0_i32);
    let head = code.find(['{', ';', ',']).map_or(code, |end| &code[..end]);
    let is_item = ITEMS.iter().any(|word| has_word(head, word));
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => round += 1,
            ')' | ']' => round -= 1,
            '{' => curly += 1,
            '}' => {
                curly -= 1;
                if curly <= 0 {
                    return if curly < 0 { at } else { at + 1 };
                }
            }
            ';' if round == 0 && curly == 0 => return at + 1,
            ',' if round == 0 && curly == 0 && !is_item => return at + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, expected: &str) {
        let product = product_only(code);
        assert_eq!(product.split_whitespace().collect::<Vec<_>>().join(" "), expected, "of {code}");
        assert_eq!(product.lines().count(), code.lines().count(), "lines of {code}");
    }

    #[test]
    fn items_of_tests_are_blanked() {
        check("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { {} }\n}\nfn c() {}", "fn a() {} fn c() {}");
        check("#[cfg(test)]\nmod tests;\nuse x;", "use x;");
        check("#[cfg(test)]\n#[path = \"\"]\nmod tests;\nuse x;", "use x;");
        check("impl A {\n    #[cfg(test)]\n    fn b(x: [u8; 2]) -> u8 { 1 }\n}", "impl A { }");
        check("struct A {\n    #[cfg(test)]\n    a: u8,\n    b: u8,\n}", "struct A { b: u8, }");
        check("#[cfg(test)]\nfn a<B, C>() {}\nfn d() {}", "fn d() {}");
        check("struct A {\n    #[cfg(test)]\n    a: u8\n}", "struct A { }");
    }

    #[test]
    fn modules_of_tests_are_named() {
        let code = "#[cfg(test)]\nmod a;\n#[cfg(test)]\nuse b;\nmod c;\n#[cfg(test)]\nmod d {}";
        assert_eq!(test_modules(code), ["a"]);
    }
}
