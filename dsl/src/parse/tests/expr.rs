//! Expressions and literals.

use super::*;

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
        "constant 18446744073709551616 results in integer overflow",
    );
    fails(
        "BEGIN { x = 0x10000000000000000; }",
        "D_INT_OFLOW",
        "constant 0x10000000000000000 results in integer overflow",
    );
    fails(
        "BEGIN { x = 089; }",
        "D_INT_DIGIT",
        "constant 089 contains invalid digit 8",
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
    expr(r#""\x41\x4\1012\q\'\?\377""#, r#""A\x04A2\\q\\\'\\?\xff""#);
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
        "(, (, (, (, '10' '0') '23591') '127') '-1')",
    );
    expr("'ab', 'abcd'", "(, '24930' '1633837924')");
    expr(
        r"'a\bcdefgh', '\c', '\0103'",
        "(, (, '6991947704341784424' '23651') '2099')",
    );
    expr(r#"'"'"#, "'34'");
    fails(
        "BEGIN { x = ''; }",
        "D_CHR_NULL",
        "empty character constant",
    );
    fails(
        "BEGIN { x = 'abcdefghi'; }",
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
        "BEGIN { x.f(1); }",
        "D_FUNC_IDENT",
        "function designator is not of function type",
    );
    fails(
        "BEGIN { @ = tick-1(); }",
        "D_FUNC_IDENT",
        "function designator is not of function type",
    );
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
