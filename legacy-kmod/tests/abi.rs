//! What only the C side knows for sure: its list of codes equals ours.

use legacy_kmod::abi::Code;
use legacy_kmod::host_vm::code_of_c;

#[test]
fn codes_are_the_same_in_c() {
    for (number, &code) in Code::ALL.iter().enumerate() {
        let number = number as u32;
        assert_eq!(code as u32, number);
        let expected = (-code.errno(), code.text().to_owned());
        assert_eq!(code_of_c(number), expected, "{code:?}");
    }
    let (_, text) = code_of_c(Code::ALL.len() as u32);
    assert_eq!(text, "unknown code", "C has codes that Rust lacks");
}

#[test]
fn texts_are_distinct() {
    let mut texts: Vec<&str> = Code::ALL.iter().map(|c| c.text()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), Code::ALL.len());
}
