//! The string functions at their edges.

use super::strfn;

#[test]
fn substr_cases() {
    for (s, idx, len, expect) in [
        ("hello", 0, None, "hello"),
        ("hello", 1, None, "ello"),
        ("hello", 5, None, ""),
        ("hello", 9, None, ""),
        ("hello", -2, None, "lo"),
        ("hello", -9, None, "hello"),
        ("hello", 1, Some(2), "el"),
        ("hello", 1, Some(0), ""),
        ("hello", 1, Some(99), "ello"),
        ("hello", 1, Some(-1), "ell"),
        ("hello", 1, Some(-4), ""),
        ("hello", 1, Some(-9), ""),
        ("hello", -3, Some(2), "ll"),
        ("hello", -7, Some(3), "h"),
        ("hello", -7, Some(2), ""),
        ("hello", -7, Some(-1), ""),
        ("", 0, None, ""),
        ("", -1, Some(5), ""),
        ("hello", i64::MIN, Some(i64::MAX), "hell"),
        ("hello", i64::MIN, Some(i64::MIN), ""),
        ("hello", i64::MIN, None, "hello"),
        ("hello", i64::MAX, Some(i64::MIN), ""),
        ("hello", 0, Some(i64::MIN), ""),
        ("hello", 4, Some(i64::MAX), "o"),
    ] {
        let got = strfn::substr(s.as_bytes(), idx, len);
        assert_eq!(
            String::from_utf8_lossy(got),
            expect,
            "substr({s:?}, {idx}, {len:?})"
        );
    }
}

#[test]
fn index_cases() {
    for (s, sub, pos, index, rindex) in [
        ("abcabc", "abc", None, 0, 3),
        ("abcabc", "bc", None, 1, 4),
        ("abcabc", "x", None, -1, -1),
        ("abc", "", None, 0, 3),
        ("", "", None, 0, 0),
        ("", "a", None, -1, -1),
        ("", "", Some(5), 0, 0),
        ("", "", Some(-5), 0, 0),
        ("abcabc", "bc", Some(1), 1, 1),
        ("abcabc", "bc", Some(2), 4, 1),
        ("abcabc", "bc", Some(5), -1, 4),
        ("abcabc", "bc", Some(6), -1, 4),
        ("abcabc", "bc", Some(99), -1, 4),
        ("abcabc", "abc", Some(-1), 0, -1),
        ("abc", "", Some(-1), 0, 0),
        ("abc", "", Some(2), 2, 2),
        ("abc", "", Some(3), 3, 3),
        ("abc", "", Some(9), 3, 3),
        ("abc", "abcd", None, -1, -1),
        ("abc", "c", Some(i64::MIN), 2, -1),
        ("abc", "c", Some(i64::MAX), -1, 2),
    ] {
        let (s, sub) = (s.as_bytes(), sub.as_bytes());
        let got = (strfn::index(s, sub, pos), strfn::rindex(s, sub, pos));
        let text = String::from_utf8_lossy(s);
        assert_eq!(
            got,
            (index, rindex),
            "{text:?} {:?} {pos:?}",
            String::from_utf8_lossy(sub)
        );
    }
}

#[test]
fn path_cases() {
    for (s, base, dir, clean) in [
        ("", ".", ".", ""),
        ("/", "/", "/", "/"),
        ("//", "/", "/", "/"),
        ("a", "a", ".", "a"),
        ("a/", "a", ".", "a/"),
        ("/a", "a", "/", "/a"),
        ("/a/b", "b", "/a", "/a/b"),
        ("/a//b//", "b", "/a", "/a/b/"),
        ("a/b/c", "c", "a/b", "a/b/c"),
        ("//a", "a", "/", "/a"),
        ("/a/./b", "b", "/a/.", "/a/b"),
        ("/a/.", ".", "/a", "/a/."),
        ("/a/../b", "b", "/a/..", "/b"),
        ("/a/b/..", "..", "/a/b", "/a/"),
        ("/..", "..", "/", "/"),
        ("/../a", "a", "/..", "/a"),
        ("a/../b", "b", "a/..", "/b"),
        ("/a/.b/..c/...", "...", "/a/.b/..c", "/a/.b/..c/..."),
        (
            "/foo/bar/baz/../../b/./c//d",
            "d",
            "/foo/bar/baz/../../b/./c",
            "/foo/b/c/d",
        ),
    ] {
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        assert_eq!(text(strfn::basename(s.as_bytes())), base, "basename {s}");
        assert_eq!(text(strfn::dirname(s.as_bytes())), dir, "dirname {s}");
        assert_eq!(
            text(&strfn::cleanpath(s.as_bytes())),
            clean,
            "cleanpath {s}"
        );
    }
}

#[test]
fn number_cases() {
    for (v, base, expect) in [
        (0, 10, Some("0")),
        (0, 8, Some("0")),
        (0, 16, Some("0x0")),
        (0, 2, Some("0")),
        (10, 8, Some("012")),
        (255, 16, Some("0xff")),
        (-1, 16, Some("0xffffffffffffffff")),
        (-1, 8, Some("01777777777777777777777")),
        (35, 36, Some("z")),
        (i64::MIN, 10, Some("-9223372036854775808")),
        (i64::MAX, 10, Some("9223372036854775807")),
        (-1, 36, Some("3w5e11264sgsf")),
        (5, 2, Some("101")),
        (1, 1, None),
        (1, 37, None),
        (1, -10, None),
        (1, 0x1_0000_000a, None),
    ] {
        let got = strfn::lltostr(v, base).map(|b| String::from_utf8(b).unwrap());
        assert_eq!(got.as_deref(), expect, "lltostr({v}, {base})");
    }
    for (s, base, expect) in [
        ("", 10, Some(0)),
        ("12", 10, Some(12)),
        (" \t-12x", 10, Some(-12)),
        ("+7", 10, Some(7)),
        ("- 7", 10, Some(0)),
        ("0x1F", 16, Some(31)),
        ("-0X10", 16, Some(-16)),
        ("0xg", 16, Some(0)),
        ("1f", 16, Some(31)),
        ("0x10", 10, Some(0)),
        ("z", 36, Some(35)),
        ("129", 8, Some(10)),
        ("9223372036854775808", 10, Some(i64::MIN)),
        ("\n1", 10, Some(0)),
        ("1", 1, None),
        ("1", 37, None),
    ] {
        assert_eq!(
            strfn::strtoll(s.as_bytes(), base),
            expect,
            "strtoll({s:?}, {base})"
        );
    }
}

#[test]
fn json_cases() {
    let text = r#" { "a" : 1, "b": {"c": [10, "x\"y", {"d": true}], "e":null}, "a": 2, "f": [], "g.h": 3 } "#;
    for (path, expect) in [
        ("a", Some("1")),
        ("b.c[0]", Some("10")),
        ("b.c[1]", Some(r#"x\"y"#)),
        ("b.c[2].d", Some("true")),
        ("b.c[3]", None),
        ("b.e", Some("null")),
        ("b.c[2]", Some(r#"{"d": true}"#)),
        ("f", Some("[]")),
        ("f[0]", None),
        ("a.b", None),
        ("a[0]", None),
        ("x", None),
        ("b..c", None),
        ("b.c[", None),
        ("b.c[x]", None),
        (".a", None),
    ] {
        let got = strfn::json(text.as_bytes(), path.as_bytes()).map(String::from_utf8_lossy);
        assert_eq!(got.as_deref(), expect, "json(…, {path:?})");
    }
    for (text, path, expect) in [
        ("[1,2]", "[1]", Some("2")),
        ("[[1],[2,3]]", "[1][1]", Some("3")),
        ("{\"a\":[1", "a[0]", Some("1")),
        ("{\"a\":[1", "a", None),
        ("{\"a\":\"x", "a", None),
        ("", "a", None),
        ("-1.5e+3", "", Some("-1.5e+3")),
        ("{\"a\" 1}", "a", None),
        ("]", "", None),
    ] {
        let got = strfn::json(text.as_bytes(), path.as_bytes()).map(String::from_utf8_lossy);
        assert_eq!(got.as_deref(), expect, "json({text:?}, {path:?})");
    }
}
