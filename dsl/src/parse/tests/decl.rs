//! Declarations.

use super::*;

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
        "invalid type declaration: short and long may not be used with char type",
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
        "invalid type declaration: long and long long may only be used with integer or floating-point type",
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
    fails("int;", "D_DECL_USELESS", "useless declaration");
    fails(
        "int m`x;",
        "D_DECL_SCOPE",
        "D scoping operator may not be used in a declaration name (m`x)",
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
    fails("struct s { };", "D_SYNTAX", "syntax error near \"}\"");
    fails(
        "short float x;",
        "D_DECL_LONGINT",
        "invalid type declaration: short may only be used with integer type",
    );
    fails(
        "int a[...];",
        "D_DECL_PROTO_VARARGS",
        "array prototype may not use a variable-length argument list",
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
