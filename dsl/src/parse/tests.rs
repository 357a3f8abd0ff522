//! What is parsed to what, and what is refused with which words. Texts in, text out: no test touches a node.

use super::dump::dump;
use super::{InputKind, MacroArgs, ProbeFlag, parse_with};

fn show(text: &str, kind: InputKind, macros: &MacroArgs) -> String {
    let (sources, ast, diags) = parse_with(text, kind, macros);
    if diags.is_empty() {
        return dump(&ast).trim_end().to_string();
    }
    let lines: Vec<String> = diags.iter().map(|d| d.headline(&sources, true)).collect();
    lines.join("\n")
}

/// A script parses to this, or fails with these headlines.
#[track_caller]
fn check(text: &str, expect: &str) {
    assert_eq!(
        show(text, InputKind::Script, &MacroArgs::default()),
        expect,
        "\nin {text}"
    );
}

/// An expression parses to this.
#[track_caller]
fn expr(text: &str, expect: &str) {
    check(
        &format!("BEGIN {{ {text}; }}"),
        &format!("(clause :::BEGIN {{{expect}}})"),
    );
}

/// A script fails with the headline `line 1: …` of this tag, and no other.
#[track_caller]
fn fails(text: &str, tag: &str, what: &str) {
    check(text, &format!("[{tag}] line 1: {what}"));
}

/// The text of a flag such as `-n`.
#[track_caller]
fn flag(flag: ProbeFlag, text: &str, expect: &str) {
    assert_eq!(
        show(text, InputKind::Probe(flag), &MacroArgs::default()),
        expect,
        "\nin {text}"
    );
}

fn macros() -> MacroArgs {
    MacroArgs {
        script: "me.d".into(),
        args: ["12", "name", "two words", "-0x1f", ""]
            .map(String::from)
            .to_vec(),
        vars: [("target".to_string(), "123".to_string())].into(),
        defaultargs: false,
        argref: true,
    }
}

#[track_caller]
fn with_macros(text: &str, expect: &str) {
    assert_eq!(
        show(text, InputKind::Script, &macros()),
        expect,
        "\nin {text}"
    );
}

#[test]
fn precedence_level_by_level() {
    // Each level against the next: the lower one is outside whichever comes first.
    expr("a, b = c", "(, a (= b c))");
    expr("a = b ? c : d", "(= a (? b c d))");
    expr("a ? b : c || d", "(? a b (|| c d))");
    expr("a || b ^^ c", "(|| a (^^ b c))");
    expr("a ^^ b || c", "(|| (^^ a b) c)");
    expr("a ^^ b && c", "(^^ a (&& b c))");
    expr("a && b | c", "(&& a (| b c))");
    expr("a | b ^ c", "(| a (^ b c))");
    expr("a ^ b & c", "(^ a (& b c))");
    expr("a & b == c", "(& a (== b c))");
    expr("a == b < c", "(== a (< b c))");
    expr("a < b << c", "(< a (<< b c))");
    expr("a << b + c", "(<< a (+ b c))");
    expr("a + b * c", "(+ a (* b c))");
    expr("a * -b", "(* a (- b))");
    expr("!*p++", "(! (* (post++ p)))");
    expr("-a[1].b->c++", "(- (post++ (-> (. (index a 1) b) c)))");
}

#[test]
fn associativity() {
    expr("a, b, c", "(, (, a b) c)");
    expr("a = b += c", "(= a (+= b c))");
    expr("a ? b : c ? d : e", "(? a b (? c d e))");
    expr("a ? b ? c : d : e", "(? a (? b c d) e)");
    expr("a ? b, c : d", "(? a (, b c) d)");
    for op in [
        "||", "^^", "&&", "|", "^", "&", "==", "!=", "<", "<=", ">", ">=", "<<", ">>", "+", "-",
        "*", "/", "%",
    ] {
        expr(&format!("a {op} b {op} c"), &format!("({op} ({op} a b) c)"));
    }
    for op in [
        "=", "+=", "-=", "*=", "/=", "%=", "&=", "^=", "|=", "<<=", ">>=",
    ] {
        expr(&format!("a {op} b {op} c"), &format!("({op} a ({op} b c))"));
    }
    expr("a == b != c", "(!= (== a b) c)");
    expr("a - b + c", "(+ (- a b) c)");
    expr("(a, b), (c)", "(, (, a b) c)");
    expr("- - a", "(- (- a))");
    expr("!~+-a", "(! (~ (+ (- a))))");
    expr(
        "++a, --a, a++, a--",
        "(, (, (, (pre++ a) (pre-- a)) (post++ a)) (post-- a))",
    );
}

#[test]
fn maximal_munch() {
    expr("a+++b", "(+ (post++ a) b)");
    expr("a- --b", "(- a (pre-- b))");
    expr("a<<=b>>c", "(<<= a (>> b c))");
    expr("a^^b^c", "(^^ a (^ b c))");
    expr("a&&&b", "(&& a (& b))");
}

#[test]
fn integers() {
    expr("0", "0");
    expr("1234567890", "1234567890");
    expr("0777", "0777");
    expr("0xDeadBEEF", "0xdeadbeef");
    expr("0XffffffffffffffffULL", "0xffffffffffffffffull");
    expr("18446744073709551615", "18446744073709551615");
    expr(
        "1u, 2U, 3l, 4L, 5ul, 6ll, 7ull, 8UL",
        "(, (, (, (, (, (, (, 1u 2u) 3l) 4l) 5ul) 6ll) 7ull) 8ul)",
    );
    fails(
        "BEGIN { x = 18446744073709551616; }",
        "D_INT_OFLOW",
        "integer constant 18446744073709551616 cannot be represented in any built-in integral type",
    );
    fails(
        "BEGIN { x = 0x10000000000000000; }",
        "D_INT_OFLOW",
        "integer constant 0x10000000000000000 cannot be represented in any built-in integral type",
    );
    fails(
        "BEGIN { x = 089; }",
        "D_INT_DIGIT",
        "invalid digit '8' found in octal constant",
    );
    for f in ["1.5", "1.", ".5", "1e5", "1.5e-3f", "0.0"] {
        fails(
            &format!("BEGIN {{ x = {f}; }}"),
            "D_SYNTAX",
            "floating-point constants are not permitted",
        );
    }
    fails(
        "BEGIN { x = 12abc; }",
        "D_SYNTAX",
        "syntax error near \"abc\"",
    );
    fails("BEGIN { x = 0xg; }", "D_SYNTAX", "syntax error near \"xg\"");
}

#[test]
fn strings() {
    expr(r#""""#, r#""""#);
    expr(r#""a\"b\\c""#, r#""a\"b\\c""#);
    expr(r#""\a\b\t\n\v\f\r\0""#, r#""\x07\x08\t\n\x0b\x0c\r\x00""#);
    expr(r#""\x41\x4\1012\q\377""#, r#""A\x04A2q\xff""#);
    expr("\"é\"", r#""\xc3\xa9""#);
    expr(r#""/* no */ // no""#, r#""/* no */ // no""#);
    fails(
        "BEGIN { x = \"abc\n; }",
        "D_STR_NL",
        "newline encountered in string literal",
    );
    fails(
        "BEGIN { x = \"abc",
        "D_SYNTAX",
        "end-of-file encountered before matching \"",
    );
    // Adjacent strings are not joined.
    fails(
        r#"BEGIN { x = "a" "b"; }"#,
        "D_SYNTAX",
        "syntax error near \"\"b\"\"",
    );
}

#[test]
fn characters() {
    expr("'a'", "'97'");
    expr(
        r"'\n', '\0', '\'', '\x7f', '\377'",
        "(, (, (, (, '10' '0') '39') '127') '-1')",
    );
    expr("'ab', 'abcd'", "(, '24930' '1633837924')");
    expr(r#"'"'"#, "'34'");
    fails(
        "BEGIN { x = ''; }",
        "D_CHR_NULL",
        "empty character constant",
    );
    fails(
        "BEGIN { x = 'abcde'; }",
        "D_CHR_OFLOW",
        "character constant is too long",
    );
    fails(
        "BEGIN { x = 'a\n; }",
        "D_CHR_NL",
        "newline encountered in character constant",
    );
    fails(
        "BEGIN { x = 'a",
        "D_SYNTAX",
        "end-of-file encountered before matching '",
    );
}

#[test]
fn names_and_scopes() {
    expr("vmlinux`jiffies", "vmlinux`jiffies");
    expr("`jiffies", "`jiffies");
    expr("LM0`libc.so", "(. LM0`libc so)");
    expr("LM1`libc`errno", "LM1`libc`errno");
    expr("self->x", "self->x");
    expr("this->x.y", "(. this->x y)");
    expr("self->a[1, \"s\"]", "(index self->a 1 \"s\")");
    expr("a[1][2]", "(index (index a 1) 2)");
    expr(
        "x->int, x.self, self->if",
        "(, (, (-> x int) (. x self)) self->if)",
    );
    fails("BEGIN { self; }", "D_SYNTAX", "syntax error near \";\"");
    fails("BEGIN { x[]; }", "D_SYNTAX", "syntax error near \"]\"");
}

#[test]
fn calls_and_aggregations() {
    expr("f()", "(call f)");
    expr("f(a, (b, c), d = e)", "(call f a (, b c) (= d e))");
    expr("printf(\"%d\\n\", x)", "(call printf \"%d\\n\" x)");
    expr("@ = count()", "(= @_ (call count))");
    expr(
        "@a[execname, pid] = sum(arg0)",
        "(= @a[execname, pid] (call sum arg0))",
    );
    expr("@[stack()] = count()", "(= @_[(call stack)] (call count))");
    expr("@a[1][2]", "(index @a[1] 2)");
    expr("printa(@a, @b)", "(call printa @a @b)");
    expr(
        "strtok(NULL, \",\")[0]",
        "(index (call strtok NULL \",\") 0)",
    );
    expr("return(1)", "(call return 1)");
    fails("BEGIN { f(a,); }", "D_SYNTAX", "syntax error near \")\"");
    fails(
        "BEGIN { (f)(a) + b c; }",
        "D_SYNTAX",
        "syntax error near \"c\"",
    );
    fails(
        "BEGIN { @a[] = count(); }",
        "D_SYNTAX",
        "syntax error near \"]\"",
    );
}

#[test]
fn casts() {
    expr("(int)x", "(cast <int> x)");
    expr("(int)x + 1", "(+ (cast <int> x) 1)");
    expr("(string)x", "(cast <string> x)");
    expr("(uint64_t)-1", "(cast <uint64_t> (- 1))");
    expr(
        "(struct task_struct *)arg0",
        "(cast <ptr to struct task_struct> arg0)",
    );
    expr(
        "((struct task_struct *)arg0)->comm",
        "(-> (cast <ptr to struct task_struct> arg0) comm)",
    );
    expr(
        "(unsigned long long)x->y",
        "(cast <unsigned long long> (-> x y))",
    );
    expr("(const char **)x", "(cast <ptr to ptr to const char> x)");
    expr(
        "(struct vmlinux`list_head *)x",
        "(cast <ptr to struct vmlinux`list_head> x)",
    );
    expr(
        "(int (*)(char))x",
        "(cast <ptr to fn (char) returning int> x)",
    );
    // A name that nobody knows is a type where nothing else could stand.
    expr("(foo_t)x", "(cast <foo_t> x)");
    expr("(foo_t)(x)", "(cast <foo_t> x)");
    expr("(foo_t *)x->y", "(cast <ptr to foo_t> (-> x y))");
    expr("(mod`foo_t *)0", "(cast <ptr to mod`foo_t> 0)");
    expr("(foo_t **)&x", "(cast <ptr to ptr to foo_t> (& x))");
    expr("(a) - b", "(- a b)");
    expr("(a) * b", "(* a b)");
    expr("(a) & b", "(& a b)");
    expr("(a) + (b)", "(+ a b)");
    expr("(a)[1]", "(index a 1)");
    expr("(a)->b", "(-> a b)");
    expr("(a * b)", "(* a b)");
    expr("(size_t)&x", "(cast <size_t> (& x))");
}

#[test]
fn type_operators() {
    expr("sizeof (int)", "(sizeof-type <int>)");
    expr("sizeof (struct foo)", "(sizeof-type <struct foo>)");
    expr("sizeof (foo_t *)", "(sizeof-type <ptr to foo_t>)");
    expr("sizeof (x)", "(sizeof x)");
    expr("sizeof x->y", "(sizeof (-> x y))");
    expr("sizeof (x)[1]", "(sizeof (index x 1))");
    expr("sizeof (int) * 2", "(* (sizeof-type <int>) 2)");
    expr("sizeof (int[4])", "(sizeof-type <array 4 of int>)");
    expr("stringof(x)", "(stringof x)");
    expr("stringof x == \"a\"", "(== (stringof x) \"a\")");
    expr("stringof(x->y) + 1", "(+ (stringof (-> x y)) 1)");
    expr("offsetof(struct s, m)", "(offsetof <struct s> m)");
    expr("offsetof(foo_t, int)", "(offsetof <foo_t> int)");
    expr(
        "xlate <psinfo_t *> (curthread)->pr_pid",
        "(-> (xlate <ptr to psinfo_t> curthread) pr_pid)",
    );
    expr("xlate<struct s>(a)", "(xlate <struct s> a)");
}

#[test]
fn statements() {
    check("BEGIN {}", "(clause :::BEGIN {})");
    check("BEGIN { ; ; a; b }", "(clause :::BEGIN {; ; a b})");
    check("BEGIN { if (a) { b; } }", "(clause :::BEGIN {(if a {b})})");
    check(
        "BEGIN { if (a) { b } else { c } d }",
        "(clause :::BEGIN {(if a {b} {c}) d})",
    );
    check(
        "BEGIN { if (a) b; else if (c) d; else e; }",
        "(clause :::BEGIN {(if a {b} {(if c {d} {e})})})",
    );
    fails("BEGIN { { a } }", "D_SYNTAX", "syntax error near \"{\"");
    fails(
        "BEGIN { while (1) x; }",
        "D_SYNTAX",
        "syntax error near \"while\"",
    );
    fails(
        "BEGIN { else x; }",
        "D_SYNTAX",
        "syntax error near \"else\"",
    );
    fails(
        "BEGIN { a = 1 b = 2; }",
        "D_SYNTAX",
        "syntax error near \"b\"",
    );
    fails(
        "BEGIN { 1 + 2 = 3; }",
        "D_SYNTAX",
        "syntax error near \"=\"",
    );
    fails("BEGIN { x = ; }", "D_SYNTAX", "syntax error near \";\"");
    fails("BEGIN { int x; }", "D_SYNTAX", "syntax error near \"int\"");
    fails("BEGIN { x", "D_SYNTAX", "syntax error near end of input");
    fails("BEGIN { x = (1; }", "D_SYNTAX", "syntax error near \";\"");
    fails("BEGIN { x; } }", "D_SYNTAX", "syntax error near \"}\"");
    fails("BEGIN { x # y; }", "D_SYNTAX", "syntax error near \"#\"");
    fails("BEGIN { é; }", "D_SYNTAX", "syntax error near \"é\"");
}

#[test]
fn predicates_and_the_slash() {
    check("BEGIN /a/ { b }", "(clause :::BEGIN /a/ {b})");
    check("BEGIN/a/{b}", "(clause :::BEGIN /a/ {b})");
    check(
        "BEGIN /a / b/ { c / d; }",
        "(clause :::BEGIN /(/ a b)/ {(/ c d)})",
    );
    check(
        "BEGIN /a / b / c/ { }",
        "(clause :::BEGIN /(/ (/ a b) c)/ {})",
    );
    check("BEGIN /a/ /* why */ { b }", "(clause :::BEGIN /a/ {b})");
    check("BEGIN /a//* why */{ b }", "(clause :::BEGIN /a/ {b})");
    check("BEGIN /a/ // why\n{ b }", "(clause :::BEGIN /a/ {b})");
    check(
        "BEGIN\n/ execname == \"cat\" /\n{\n}",
        "(clause :::BEGIN /(== execname \"cat\")/ {})",
    );
    check("BEGIN { a /= 2 }", "(clause :::BEGIN {(/= a 2)})");
    fails(
        "BEGIN /a/",
        "D_SYNTAX",
        "expected actions { } following predicate",
    );
    fails(
        "BEGIN",
        "D_SYNTAX",
        "expected predicate and/or actions following probe description",
    );
    fails("BEGIN /a { b }", "D_SYNTAX", "syntax error near \"{\"");
    fails("BEGIN / / { b }", "D_SYNTAX", "syntax error near \"/\"");
}

#[test]
fn comments() {
    check(
        "/* a */ BEGIN /* b */ { /* c */ x /* d */ ; }",
        "(clause :::BEGIN {x})",
    );
    check("// a\nBEGIN { x; // } \n }", "(clause :::BEGIN {x})");
    check("#!/usr/sbin/dtrace -s\nBEGIN { }", "(clause :::BEGIN {})");
    check("BEGIN { x /***/ ; /* a /*/ }", "(clause :::BEGIN {x})");
    check(
        "//***** a\n//* b\nBEGIN { } // /* c",
        "(clause :::BEGIN {})",
    );
    fails(
        "BEGIN { x; /* a /* b */ }",
        "D_SYNTAX",
        "/* encountered inside a comment",
    );
    fails(
        "BEGIN { x; } /* a",
        "D_SYNTAX",
        "end-of-file encountered before matching */",
    );
}

#[test]
fn probe_descriptions() {
    check(
        "syscall::openat:entry {}",
        "(clause syscall::openat:entry {})",
    );
    check(
        "BEGIN, END, tick-1s, profile-97 {}",
        "(clause :::BEGIN :::END :::tick-1s :::profile-97 {})",
    );
    check("foo:bar {}", "(clause ::foo:bar {})");
    check("m:foo:bar {}", "(clause :m:foo:bar {})");
    check(":::, ::: {}", "(clause ::: ::: {})");
    check("* {}", "(clause :::* {})");
    check(
        "fbt::vfs_[!a-z]*?.isra.0:\\* {}",
        "(clause fbt::vfs_[!a-z]*?.isra.0:\\* {})",
    );
    check(
        "pid123:a.out:main+:4f {}",
        "[D_SYNTAX] line 1: syntax error near \"+\"",
    );
    check("123, 7 {}", "(clause #123 #7 {})");
    check(
        "sdt:9p::x {} 9p:::y {}",
        "(clause sdt:9p::x {})\n(clause 9p:::y {})",
    );
    check(
        "int:::entry {} self:::x {} struct:a {}",
        "(clause int:::entry {})\n(clause self:::x {})\n(clause ::struct:a {})",
    );
    check(
        "inline {} provider /x/ {}",
        "(clause :::inline {})\n(clause :::provider /x/ {})",
    );
    fails(
        "a:b:c:d:e {}",
        "D_PDESC_INVAL",
        "invalid probe description \"a:b:c:d:e\": Overspecified probe description",
    );
    fails("BEGIN END {}", "D_SYNTAX", "syntax error near \"END\"");
    fails("BEGIN, {}", "D_SYNTAX", "syntax error near \"{\"");
    fails("{ x; }", "D_SYNTAX", "syntax error near \"{\"");
    fails(
        "99999999999999999999999 {}",
        "D_INT_OFLOW",
        "integer constant 99999999999999999999999 cannot be represented in any built-in integral type",
    );
}

#[test]
fn probe_flags() {
    use ProbeFlag::*;
    flag(Name, "BEGIN", "(clause :::BEGIN)");
    flag(Name, "p:m:f:n", "(clause p:m:f:n)");
    flag(Name, "a, b:c", "(clause :::a ::b:c)");
    flag(
        Name,
        "BEGIN /x/ { y } END",
        "(clause :::BEGIN /x/ {y})\n(clause :::END)",
    );
    flag(
        Name,
        "int x; BEGIN { x = 1 }",
        "(decl x: int)\n(clause :::BEGIN {(= x 1)})",
    );
    flag(Function, "f", "(clause ::f:)");
    flag(Function, "m:f", "(clause :m:f:)");
    flag(Function, "p:m:f { x }", "(clause p:m:f: {x})");
    flag(Module, "m", "(clause :m::)");
    flag(Module, "p:m", "(clause p:m::)");
    flag(Provider, "p", "(clause p:::)");
    flag(Id, "42", "(clause #42)");
    flag(Id, "42 /x/ { y }", "(clause #42 /x/ {y})");
    let over = |t: &str| {
        format!(
            "[D_PDESC_INVAL] line 1: invalid probe description \"{t}\": Overspecified probe description"
        )
    };
    flag(Name, "a:b:c:d:e", &over("a:b:c:d:e"));
    flag(Function, "a:b:c:d", &over("a:b:c:d"));
    flag(Module, "a:b:c", &over("a:b:c"));
    flag(Provider, "a:b", &over("a:b"));
    flag(
        Id,
        "abc",
        "[D_PDESC_INVAL] line 1: invalid probe identifier \"abc\"",
    );
    for (f, what) in [
        (Name, "names"),
        (Function, "functions"),
        (Module, "modules"),
        (Provider, "providers"),
    ] {
        let text = format!("probe identifier 5 not permitted when specifying {what}");
        flag(f, "5", &format!("[D_PDESC_INVAL] line 1: {text}"));
    }
    flag(
        Name,
        "BEGIN /x/",
        "[D_SYNTAX] line 1: expected actions { } following predicate",
    );
    flag(
        Name,
        "",
        "[D_EMPTY] line 1: empty D program translation unit",
    );
}

#[test]
fn declarations() {
    check("int x;", "(decl x: int)");
    check(
        "int x, *y, z[4];",
        "(decl x: int y: ptr to int z: array 4 of int)",
    );
    check("int*x;", "(decl x: ptr to int)");
    check(
        "self int x; this char *p;",
        "(decl self x: int)\n(decl this p: ptr to char)",
    );
    check("self x;", "(decl self x: int)");
    check(
        "string s; self string t[4];",
        "(decl s: string)\n(decl self t: array 4 of string)",
    );
    check(
        "int a[string, int];",
        "(decl a: assoc [string, int] of int)",
    );
    check(
        "uint64_t a[struct s *, foo_t *];",
        "(decl a: assoc [ptr to struct s, ptr to foo_t] of uint64_t)",
    );
    check(
        "int a[foo_t, int]; int b[N]; int c[pid_t];",
        "(decl a: assoc [foo_t, int] of int)\n(decl b: array N of int)\n(decl c: assoc [pid_t] of int)",
    );
    check(
        "int m[2][3], n[];",
        "(decl m: array 2 of array 3 of int n: array of int)",
    );
    check(
        "int *a[4]; int (*b)[4];",
        "(decl a: array 4 of ptr to int)\n(decl b: ptr to array 4 of int)",
    );
    check(
        "extern int f(int, char *, ...);",
        "(decl extern f: fn (int, ptr to char, ...) returning int)",
    );
    check(
        "extern void g(void), h();",
        "(decl extern g: fn (void) returning void h: fn () returning void)",
    );
    check(
        "int (*fp)(int x, char);",
        "(decl fp: ptr to fn (x: int, char) returning int)",
    );
    check(
        "char *(*(*x[3])(void))[5];",
        "(decl x: array 3 of ptr to fn (void) returning ptr to array 5 of ptr to char)",
    );
    check(
        "const volatile int *const restrict p;",
        "(decl p: const restrict ptr to const volatile int)",
    );
    check(
        "foo_t x; foo_t *y; foo_t*z;",
        "(decl x: foo_t)\n(decl y: ptr to foo_t)\n(decl z: ptr to foo_t)",
    );
    check("mod`foo_t x;", "(decl x: mod`foo_t)");
    check("self foo_t *x;", "(decl self x: ptr to foo_t)");
    check(
        "self userland char *x;",
        "(decl self x: ptr to userland char)",
    );
    check(
        "typedef int t; t x; BEGIN { (t)-x }",
        "(decl typedef t: int)\n(decl x: t)\n(clause :::BEGIN {(cast <t> (- x))})",
    );
    check(
        "typedef int t; typedef int t;",
        "(decl typedef t: int)\n(decl typedef t: int)",
    );
}

#[test]
fn base_types() {
    for (written, meant) in [
        ("char", "char"),
        ("signed char", "signed char"),
        ("unsigned char", "unsigned char"),
        ("short", "short"),
        ("short int", "short"),
        ("unsigned short", "unsigned short"),
        ("int", "int"),
        ("unsigned", "unsigned int"),
        ("signed", "signed int"),
        ("int unsigned", "unsigned int"),
        ("long", "long"),
        ("long int", "long"),
        ("long unsigned int", "unsigned long"),
        ("long long", "long long"),
        ("unsigned long long int", "unsigned long long"),
        ("long int long", "long long"),
        ("float", "float"),
        ("double", "double"),
        ("long double", "long double"),
    ] {
        check(&format!("{written} x;"), &format!("(decl x: {meant})"));
    }
    let invalid = "invalid type combination";
    fails("int char x;", "D_DECL_COMBO", invalid);
    fails("signed unsigned x;", "D_DECL_COMBO", invalid);
    fails("short long x;", "D_DECL_COMBO", invalid);
    fails("long long long x;", "D_DECL_COMBO", invalid);
    fails("struct s int x;", "D_DECL_COMBO", invalid);
    fails(
        "long char x;",
        "D_DECL_CHARATTR",
        "invalid type declaration: attribute \"short\" or \"long\" may not be used with char type",
    );
    fails(
        "short void *x;",
        "D_DECL_VOIDATTR",
        "invalid type declaration: attributes may not be used with void type",
    );
    fails(
        "unsigned struct s x;",
        "D_DECL_SIGNINT",
        "invalid type declaration: signed and unsigned may only be used with integer type",
    );
    fails(
        "long struct s x;",
        "D_DECL_LONGINT",
        "invalid type declaration: short and long may only be used with integer type",
    );
    fails(
        "static int x;",
        "D_DECL_BADCLASS",
        "specified storage class not appropriate in D",
    );
    fails(
        "register int x;",
        "D_DECL_BADCLASS",
        "specified storage class not appropriate in D",
    );
    fails(
        "auto int x;",
        "D_DECL_BADCLASS",
        "specified storage class not appropriate in D",
    );
    fails(
        "self this int x;",
        "D_DECL_CLASS",
        "only one storage class allowed in given declaration",
    );
    fails(
        "extern int f(static int);",
        "D_DECL_PARMCLASS",
        "inappropriate storage class for function or associative array parameter",
    );
    fails(
        "int;",
        "D_DECL_USELESS",
        "declaration does not declare anything",
    );
    fails(
        "int m`x;",
        "D_DECL_SCOPE",
        "cannot use the scoping operator in a declared name: m`x",
    );
    fails(
        "int *;",
        "D_DECL_IDENT",
        "identifier expected in declaration",
    );
    fails("int x = 3;", "D_SYNTAX", "syntax error near \"=\"");
    fails("int f(int) { x; }", "D_SYNTAX", "syntax error near \"{\"");
}

#[test]
fn structs_and_enums() {
    check("struct s;", "(decl struct s)");
    check(
        "struct s { int a; char *b, c[4]; };",
        "(decl struct s {a: int; b: ptr to char, c: array 4 of char})",
    );
    check("union u { int a; };", "(decl union u {a: int})");
    check("struct { int a; } x;", "(decl x: struct {a: int})");
    check(
        "struct s { int a:3, :5, b:N+1; struct { int c; }; int int; };",
        "[D_DECL_COMBO] line 1: invalid type combination",
    );
    check(
        "struct s { int a:3, :5, b:N+1; struct { int c; }; };",
        "(decl struct s {a: int bits 3, int bits 5, b: int bits (+ N 1); struct {c: int}})",
    );
    check(
        "struct s { foo_t f; struct s *next; void (*fn)(int); };",
        "(decl struct s {f: foo_t; next: ptr to struct s; fn: ptr to fn (int) returning void})",
    );
    check("struct s { int probe; };", "(decl struct s {probe: int})");
    check(
        "enum e { A, B = 2, C = B + 1, };",
        "(decl enum e {A, B = 2, C = (+ B 1)})",
    );
    check("enum { X } v;", "(decl v: enum {X})");
    check("enum e x;", "(decl x: enum e)");
    fails("enum e { };", "D_SYNTAX", "syntax error near \"}\"");
    fails(
        "struct { } ;x",
        "D_SYNTAX",
        "expected predicate and/or actions following probe description",
    );
    fails("struct ;", "D_SYNTAX", "syntax error near \";\"");
    fails("struct s { int a };", "D_SYNTAX", "syntax error near \"}\"");
}

#[test]
fn inlines_translators_providers() {
    check("inline int N = 3;", "(inline N: int = 3)");
    check(
        "inline string s = x ? \"a\" : \"b\";",
        "(inline s: string = (? x \"a\" \"b\"))",
    );
    check(
        "inline int f[int a, string b] = a + 1;",
        "(inline f: assoc [a: int, b: string] of int = (+ a 1))",
    );
    check("inline foo_t *p = `x;", "(inline p: ptr to foo_t = `x)");
    check(
        "translator out_t < struct in *P > { a = P->x; b = 1 + 2; };",
        "(translator <out_t> < P: ptr to struct in (a (-> P x)) (b (+ 1 2)))",
    );
    check(
        "translator struct o < int i > { };",
        "(translator <struct o> < i: int)",
    );
    check(
        "provider p { probe a(int, char *); probe b__c(int x) : (struct s *y, int); probe d(); };",
        "(provider p (a (int, ptr to char)) (b__c (x: int) : (y: ptr to struct s, int)) (d ()))",
    );
    fails("inline int N;", "D_SYNTAX", "syntax error near \";\"");
    fails(
        "translator a < int > { };",
        "D_SYNTAX",
        "syntax error near \">\"",
    );
    fails("translator a { };", "D_SYNTAX", "syntax error near \"{\"");
}

#[test]
fn macro_arguments() {
    with_macros("BEGIN { $1 + $4 }", "(clause :::BEGIN {(+ 12 (- 0x1f))})");
    with_macros(
        "BEGIN { self->$2 = $3 }",
        "(clause :::BEGIN {(= self->name \"two words\")})",
    );
    with_macros(
        "BEGIN { $$1, $$2, $$5, $$target, $target, $0 }",
        "(clause :::BEGIN {(, (, (, (, (, \"12\" \"name\") \"\") \"123\") 123) \"me.d\")})",
    );
    with_macros(
        "pid$target::$2:entry, $1 {}",
        "(clause pid123::name:entry #12 {})",
    );
    with_macros("tick-$1s {}", "(clause :::tick-12s {})");
    with_macros(
        "BEGIN { x = $6; }",
        "[D_MACRO_UNDEF] line 1: macro argument $6 is not defined",
    );
    with_macros(
        "BEGIN { x = $nosuch; }",
        "[D_MACRO_UNDEF] line 1: macro argument $nosuch is not defined",
    );
    with_macros(
        "pid$nosuch:::x { }",
        "[D_MACRO_UNDEF] line 1: macro argument $nosuch is not defined",
    );
    with_macros(
        "BEGIN { x = $99999999999999999999999; }",
        "[D_MACRO_OFLOW] line 1: macro argument $99999999999999999999999 exceeds maximum",
    );
    let defaults = MacroArgs {
        defaultargs: true,
        ..MacroArgs::default()
    };
    assert_eq!(
        show("BEGIN { $1, $$2 }", InputKind::Script, &defaults),
        "(clause :::BEGIN {(, 0 \"\")})"
    );
    let strict = MacroArgs {
        argref: false,
        ..macros()
    };
    assert_eq!(
        show("BEGIN { $1 + $4, $$3 }", InputKind::Script, &strict),
        "[D_MACRO_UNUSED] extraneous argument 'name' ($2 is not referenced)\n\
         [D_MACRO_UNUSED] extraneous argument '' ($5 is not referenced)"
    );
}

#[test]
fn pragmas() {
    let p = |line: &str, expect: &str| {
        check(
            &format!("{line}\nBEGIN {{ }}"),
            &format!("(clause :::BEGIN {{}})\n{expect}"),
        )
    };
    p("#pragma D option quiet", "(pragma option quiet)");
    p(
        "  #  pragma  D  option  bufsize=4m  /* big */",
        "(pragma option bufsize=4m)",
    );
    p("#pragma D option cpp\\\n", "(pragma option cpp)");
    p(
        "#pragma D option encoding=\"a b\"",
        "(pragma option encoding=a b)",
    );
    p(
        "#pragma D attributes Stable/evolving/Common m`x",
        "(pragma attributes Stable/Evolving/Common m`x)",
    );
    p(
        "#pragma D attributes Private/Private/ISA provider p args",
        "(pragma attributes Private/Private/ISA provider p args)",
    );
    p("#pragma D binding \"1.6.1\" x", "(pragma binding 1.6.1 x)");
    p(
        "#pragma D depends_on provider sched",
        "(pragma depends_on provider sched)",
    );
    for ignored in [
        "#pragma ident \"x\"",
        "#ident \"x\"",
        "#pragma weak x",
        "#line 1 \"f.d\"",
        "#",
        "# 1 \"test.d\"",
    ] {
        check(&format!("{ignored}\nBEGIN {{ }}"), "(clause :::BEGIN {})");
    }
    check(
        "BEGIN\n#pragma D option quiet\n{ a;\n#pragma D option x=y\nb }",
        "(clause :::BEGIN {a b})\n(pragma option quiet)\n(pragma option x=y)",
    );
    fails(
        "#pragma D nosuch",
        "D_PRAGMA_INVAL",
        "invalid D pragma: nosuch",
    );
    fails(
        "#pragma D option",
        "D_PRAGMA_MALFORM",
        "malformed #pragma D option: option name expected",
    );
    fails(
        "#pragma D option nspec = 3",
        "D_PRAGMA_MALFORM",
        "superfluous arguments specified for #pragma D option",
    );
    fails(
        "#pragma option quiet",
        "D_PRAGMA_MALFORM",
        "malformed pragma: #pragma option must be written as #pragma D option",
    );
    fails(
        "#pragma",
        "D_PRAGMA_MALFORM",
        "malformed pragma: #pragma needs a name",
    );
    fails(
        "#pragma D attributes Stable/Stable x",
        "D_PRAGMA_MALFORM",
        "malformed #pragma D attributes: invalid attributes: Stable/Stable (expected name/data/class)",
    );
    fails(
        "#pragma D binding \"x\" y",
        "D_PRAGMA_MALFORM",
        "malformed #pragma D binding: invalid version: x",
    );
    fails(
        "#pragma D depends_on library io.d",
        "D_PRAGMA_DEPEND",
        "main program may not explicitly depend on a library",
    );
    fails("#error not here", "D_PRAGERR", "#error: not here");
    fails("#pragma error not here", "D_PRAGERR", "#error: not here");
    fails(
        "#include <x.h>",
        "D_PRAGCTL_INVAL",
        "invalid control directive: #include",
    );
    fails("#line x", "D_PRAGMA_MALFORM", "malformed #line directive");
    assert_eq!(
        show(
            "#pragma D depends_on library io.d\n",
            InputKind::Library,
            &MacroArgs::default()
        ),
        "(pragma depends_on library io.d)"
    );
}

#[test]
fn several_errors_and_what_is_between() {
    check(
        "BEGIN { x = ; y = 1; z = 2 +; }\nint;\nEND { w = 'abcde' + 1; v; ) }\ntick-1s { a }",
        "[D_SYNTAX] line 1: syntax error near \";\"\n\
         [D_SYNTAX] line 1: syntax error near \";\"\n\
         [D_DECL_USELESS] line 2: declaration does not declare anything\n\
         [D_CHR_OFLOW] line 3: character constant is too long\n\
         [D_SYNTAX] line 3: syntax error near \")\"",
    );
    check(
        "#line 50 \"inc.h\"\nBEGIN { x = ; }",
        "[D_SYNTAX] \"inc.h\", line 50: syntax error near \";\"",
    );
}

#[test]
fn a_stray_token_costs_no_clause() {
    check(
        "; BEGIN { x }",
        "[D_SYNTAX] line 1: syntax error near \";\"",
    );
    let (_, ast, _) = parse_with(
        "; BEGIN { x } } END { y }",
        InputKind::Script,
        &MacroArgs::default(),
    );
    assert_eq!(dump(&ast), "(clause :::BEGIN {x})\n(clause :::END {y})\n");
}

#[test]
fn caret() {
    let (sources, _, diags) = parse_with(
        "BEGIN\n{\n\tx = 1 +* 2 3;\n}",
        InputKind::Script,
        &MacroArgs::default(),
    );
    let text: String = diags.iter().map(|d| d.render(&sources, true)).collect();
    assert_eq!(
        text,
        "[D_SYNTAX] line 3: syntax error near \"3\"\n 3 | \tx = 1 +* 2 3;\n   | \t           ^\n"
    );
}

#[test]
fn spans_cover_what_was_written() {
    let (sources, ast, diags) = parse_with(
        "BEGIN /a/ { (b + c) * d; }",
        InputKind::Script,
        &MacroArgs::default(),
    );
    assert!(diags.is_empty());
    let crate::ast::ItemKind::Clause(c) = &ast.items[0].kind else {
        panic!()
    };
    assert_eq!(
        sources.text(ast.items[0].span),
        "BEGIN /a/ { (b + c) * d; }"
    );
    assert_eq!(sources.text(c.probes[0].span), "BEGIN");
    let body = c.body.as_ref().unwrap();
    assert_eq!(sources.text(body[0].span), "(b + c) * d;");
    let crate::ast::StmtKind::Expr(e) = &body[0].kind else {
        panic!()
    };
    assert_eq!(sources.text(e.span), "(b + c) * d");
    let crate::ast::ExprKind::Binary(_, l, _) = &e.kind else {
        panic!()
    };
    assert_eq!(sources.text(l.span), "(b + c)");
}

#[test]
fn the_pspec_option_makes_every_word_a_description() {
    let mut sources = crate::source::Sources::new();
    let src = sources.add("x", "int {} inline {} string /x/ {}");
    let macros = MacroArgs::default();
    let options = super::ParseOptions {
        macros: &macros,
        is_type: &|_| false,
        pspec: true,
        empty: false,
    };
    let (ast, diags) = super::parse(
        &sources,
        &[super::Input {
            src,
            kind: InputKind::Script,
        }],
        &options,
    );
    assert_eq!(diags, []);
    assert_eq!(
        dump(&ast),
        "(clause :::int {})\n(clause :::inline {})\n(clause :::string /x/ {})\n"
    );
}
