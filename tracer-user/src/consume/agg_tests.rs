//! What `clear`, `trunc`, `normalize` leave, and the order of rows.

use super::super::mock::{Built, MockSession};
use super::super::tests::plain;
use super::*;
use dsl::format::{Piece, Size};
use dsl::program::KeyType;

const INT: KeyType = KeyType::Int {
    size: 4,
    signed: true,
};

fn key(n: i32) -> Vec<u8> {
    n.to_le_bytes().to_vec()
}

fn print(aggs: &mut Aggs, ids: &[AggId], style: AggStyle, s: &mut MockSession) -> String {
    let mut out = Vec::new();
    aggs.next_round();
    let mut symbols = Symbols::default();
    aggs.printa(&mut out, None, ids, style, &mut symbols, s)
        .expect("printed");
    let text = String::from_utf8_lossy(&out).into_owned();
    // One line for each row, words separated by one blank.
    text.trim()
        .lines()
        .map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n")
}

fn one(func: AggFunc, elems: &[(i32, &[i64])]) -> (Aggs, MockSession, AggId) {
    let mut b = Built::default();
    let id = b.agg(func, &[INT]);
    let mut s = MockSession::default();
    for &(k, d) in elems {
        s.set(id.0, &key(k), d);
    }
    (Aggs::new(b.aggs), s, id)
}

fn check_order(func: AggFunc, elems: &[(i32, &[i64])], style: AggStyle, want: &str) {
    let (mut a, mut s, id) = one(func, elems);
    assert_eq!(print(&mut a, &[id], style, &mut s), want);
}

#[test]
fn by_value_then_by_key() {
    let elems: &[(i32, &[i64])] = &[(3, &[5]), (1, &[9]), (2, &[5]), (4, &[-1])];
    let d = AggStyle::default();
    check_order(AggFunc::Sum, elems, d, "4 -1\n2 5\n3 5\n1 9");
    check_order(
        AggFunc::Sum,
        elems,
        AggStyle { reverse: true, ..d },
        "1 9\n3 5\n2 5\n4 -1",
    );
    check_order(
        AggFunc::Sum,
        elems,
        AggStyle { by_key: true, ..d },
        "1 9\n2 5\n3 5\n4 -1",
    );
    check_order(
        AggFunc::Sum,
        elems,
        AggStyle {
            by_key: true,
            reverse: true,
            ..d
        },
        "4 -1\n3 5\n2 5\n1 9",
    );
}

#[test]
fn keys_compare_as_unsigned() {
    let elems: &[(i32, &[i64])] = &[(-1, &[1]), (1, &[1]), (256, &[1])];
    check_order(
        AggFunc::Count,
        elems,
        AggStyle::default(),
        "1 1\n256 1\n-1 1",
    );
}

#[test]
fn strings_compare_as_text_however_short() {
    let mut b = Built::default();
    let id = b.agg(AggFunc::Count, &[KeyType::Bytes { size: 4 }]);
    let mut s = MockSession::default();
    for k in [b"b\0\0\0", b"aa\0\0", b"a\0\0\0"] {
        s.set(0, k, &[1]);
    }
    let mut a = Aggs::new(b.aggs);
    assert_eq!(
        print(&mut a, &[id], AggStyle::default(), &mut s),
        "a 1\naa 1\nb 1"
    );
}

#[test]
fn averages_order_by_their_quotient() {
    let elems: &[(i32, &[i64])] = &[(1, &[10, 100]), (2, &[1, 50]), (3, &[0, 0])];
    check_order(AggFunc::Avg, elems, AggStyle::default(), "3 0\n1 10\n2 50");
}

#[test]
fn minimum_and_maximum_are_signed() {
    let elems: &[(i32, &[i64])] = &[(1, &[i64::MIN]), (2, &[i64::MAX]), (3, &[0])];
    check_order(
        AggFunc::Max,
        elems,
        AggStyle::default(),
        "1 -9223372036854775808\n3 0\n2 9223372036854775807",
    );
}

#[test]
fn clear_keeps_keys_and_loses_nothing() {
    let (mut a, mut s, id) = one(AggFunc::Sum, &[(0, &[500]), (1, &[700])]);
    a.clear(id, &mut s).expect("cleared");
    assert_eq!(
        print(&mut a, &[id], AggStyle::default(), &mut s),
        "0 0\n1 0"
    );
    assert!(s.resets.is_empty());
    s.set(0, &key(0), &[2000]);
    s.set(0, &key(9), &[3]);
    assert_eq!(
        print(&mut a, &[id], AggStyle::default(), &mut s),
        "1 0\n9 3\n0 1500"
    );
}

#[test]
fn clear_of_a_minimum_resets_the_kernels() {
    let (mut a, mut s, id) = one(AggFunc::Min, &[(1, &[5])]);
    a.clear(id, &mut s).expect("cleared");
    assert_eq!(
        print(&mut a, &[id], AggStyle::default(), &mut s),
        "1 9223372036854775807"
    );
    assert_eq!(s.resets, [(id, None)]);
    s.set(0, &key(1), &[5]);
    assert_eq!(print(&mut a, &[id], AggStyle::default(), &mut s), "1 5");
}

#[test]
fn clear_of_squares() {
    let (mut a, mut s, id) = one(AggFunc::Stddev, &[(1, &[1, 1 << 40, 0, 1 << 16])]);
    a.clear(id, &mut s).expect("cleared");
    // Twice 10 and 20 on top, with a carry into the high word.
    s.set(0, &key(1), &[3, (1 << 40) + 30, 500, 1 << 16]);
    assert_eq!(print(&mut a, &[id], AggStyle::default(), &mut s), "1 5");
}

#[test]
fn trunc_to_the_top_and_to_the_bottom() {
    let elems: &[(i32, &[i64])] = &[(1, &[10]), (2, &[20]), (3, &[30]), (4, &[40])];
    for (n, want) in [
        (Some(2), "3 30\n4 40"),
        (Some(-2), "1 10\n2 20"),
        (None, ""),
        (Some(0), ""),
        (Some(9), "1 10\n2 20\n3 30\n4 40"),
    ] {
        let (mut a, mut s, id) = one(AggFunc::Sum, elems);
        a.trunc(id, n, &mut s).expect("truncated");
        assert_eq!(
            print(&mut a, &[id], AggStyle::default(), &mut s),
            want,
            "{n:?}"
        );
    }
}

#[test]
fn truncated_elements_come_back_when_updated() {
    let (mut a, mut s, id) = one(AggFunc::Count, &[(1, &[10]), (2, &[20])]);
    a.trunc(id, None, &mut s).expect("truncated");
    assert!(
        s.resets.is_empty(),
        "nothing may be lost between reading and deleting"
    );
    s.set(0, &key(1), &[13]);
    assert_eq!(print(&mut a, &[id], AggStyle::default(), &mut s), "1 3");
    // The idle one is deleted in the kernel at the next time.
    a.trunc(id, None, &mut s).expect("truncated");
    assert_eq!(s.resets, [(id, Some(vec![key(2)]))]);
    s.set(0, &key(2), &[1]);
    assert_eq!(print(&mut a, &[id], AggStyle::default(), &mut s), "2 1");
}

#[test]
fn trunc_of_a_maximum_deletes() {
    let (mut a, mut s, id) = one(AggFunc::Max, &[(1, &[10]), (2, &[20])]);
    a.trunc(id, Some(1), &mut s).expect("truncated");
    assert_eq!(s.resets, [(id, Some(vec![key(1)]))]);
    assert_eq!(print(&mut a, &[id], AggStyle::default(), &mut s), "2 20");
}

#[test]
fn normalized_until_denormalized() {
    let (mut a, mut s, id) = one(AggFunc::Sum, &[(1, &[100]), (2, &[-7])]);
    a.normalize(id, 2, &mut s).expect("normalized");
    // Elements that come later are not normalized.
    s.set(0, &key(3), &[100]);
    assert_eq!(
        print(&mut a, &[id], AggStyle::default(), &mut s),
        "2 -3\n1 50\n3 100"
    );
    a.normalize(id, 1, &mut s).expect("denormalized");
    assert_eq!(
        print(&mut a, &[id], AggStyle::default(), &mut s),
        "2 -7\n1 100\n3 100"
    );
    a.normalize(id, 0, &mut s).expect("normalized");
    print(&mut a, &[id], AggStyle::default(), &mut s);
}

#[test]
fn several_aggregations_share_rows() {
    let mut b = Built::default();
    let x = b.agg(AggFunc::Count, &[INT]);
    let y = b.agg(AggFunc::Sum, &[INT]);
    let mut s = MockSession::default();
    s.set(0, &key(1), &[5]);
    s.set(0, &key(2), &[6]);
    s.set(1, &key(2), &[1]);
    s.set(1, &key(3), &[9]);
    let mut a = Aggs::new(b.aggs);
    let d = AggStyle::default();
    assert_eq!(print(&mut a, &[x, y], d, &mut s), "3 0 9\n1 5 0\n2 6 1");
    assert_eq!(
        print(&mut a, &[x, y], AggStyle { pos: 1, ..d }, &mut s),
        "1 5 0\n2 6 1\n3 0 9"
    );
    let mut out = Vec::new();
    let format = Format {
        pieces: vec![
            plain(ConvKind::Dec, true, Size::None),
            Piece::Text("/".into()),
            plain(ConvKind::Hex, true, Size::None),
            Piece::Text(",".into()),
        ],
    };
    a.printa(
        &mut out,
        Some(&format),
        &[x, y],
        d,
        &mut Symbols::default(),
        &mut s,
    )
    .expect("printed");
    assert_eq!(String::from_utf8_lossy(&out), "0/9,5/0,6/1,");
}

#[test]
fn key_members_from_a_position() {
    let mut b = Built::default();
    let id = b.agg(AggFunc::Count, &[INT, INT]);
    let mut s = MockSession::default();
    for (x, y) in [(1, 9), (2, 8), (3, 7)] {
        s.set(0, &[key(x), key(y)].concat(), &[1]);
    }
    let mut a = Aggs::new(b.aggs);
    let d = AggStyle::default();
    assert_eq!(print(&mut a, &[id], d, &mut s), "1 9 1\n2 8 1\n3 7 1");
    assert_eq!(
        print(&mut a, &[id], AggStyle { key_pos: 1, ..d }, &mut s),
        "3 7 1\n2 8 1\n1 9 1"
    );
}

#[test]
fn the_end_prints_what_printa_did_not() {
    let mut b = Built::default();
    let x = b.agg(AggFunc::Count, &[]);
    b.agg(AggFunc::Sum, &[]);
    b.agg(AggFunc::Avg, &[]);
    let mut s = MockSession::default();
    s.set(0, b"", &[5]);
    s.set(1, b"", &[6]);
    let mut a = Aggs::new(b.aggs);
    print(&mut a, &[x], AggStyle::default(), &mut s);
    let mut out = Vec::new();
    a.print_rest(
        &mut out,
        AggStyle::default(),
        &mut Symbols::default(),
        &mut s,
    )
    .expect("printed");
    assert_eq!(String::from_utf8_lossy(&out), "                6\n");
}

#[test]
fn a_keyed_picture() {
    let mut b = Built::default();
    b.agg(AggFunc::Quantize, &[KeyType::Str]);
    let mut s = MockSession::default();
    let mut d = vec![0; 127];
    d[64] = 1;
    s.set(0, b"cat\0\0\0\0\0\0\0\0\0\0\0\0\0", &d);
    let mut a = Aggs::new(b.aggs);
    let mut out = Vec::new();
    a.print_rest(
        &mut out,
        AggStyle::default(),
        &mut Symbols::default(),
        &mut s,
    )
    .expect("printed");
    assert_eq!(
        String::from_utf8_lossy(&out),
        "  cat                                               
           value  ------------- Distribution ------------- count    
               0 |                                         0        
               1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 1        
               2 |                                         0        

"
    );
}
