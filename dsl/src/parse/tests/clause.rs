//! Clauses, statements, what stands around them, and how errors are told.

use super::*;

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
    fails(
        "BEGIN /(a/ { b }",
        "D_SYNTAX",
        "closing ) expected in predicate before /",
    );
    fails(
        "BEGIN /a[1/ { b }",
        "D_SYNTAX",
        "closing ] expected in predicate before /",
    );
    fails("BEGIN /a)/ { b }", "D_SYNTAX", "extra ) in input stream");
    fails("BEGIN { a]; }", "D_SYNTAX", "extra ] in input stream");
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
        "[D_SYNTAX] line 1: expected predicate and/or actions following probe description",
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
    fails(
        "BEGIN END {}",
        "D_SYNTAX",
        "expected predicate and/or actions following probe description",
    );
    fails("BEGIN, {}", "D_SYNTAX", "syntax error near \"{\"");
    fails("{ x; }", "D_SYNTAX", "syntax error near \"{\"");
    fails(
        "99999999999999999999999 {}",
        "D_INT_OFLOW",
        "constant 99999999999999999999999 results in integer overflow",
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
        "malformed #pragma option <option>=<val>",
    );
    fails(
        "#pragma D option nspec = 3",
        "D_PRAGMA_MALFORM",
        "superfluous arguments specified for #pragma option",
    );
    fails(
        "#pragma option quiet",
        "D_PRAGMA_MALFORM",
        "malformed #pragma option: write #pragma D option",
    );
    fails("#pragma", "D_PRAGMA_MALFORM", "malformed #pragma");
    fails(
        "#pragma D attributes Stable/Stable x",
        "D_PRAGMA_INVAL",
        "invalid attributes specified by #pragma attributes",
    );
    fails(
        "#pragma D binding \"x\" y",
        "D_PRAGMA_INVAL",
        "invalid version specified by #pragma binding",
    );
    fails(
        "#pragma D depends_on library io.d",
        "D_PRAGMA_DEPEND",
        "main program may not explicitly depend on a library",
    );
    fails(
        "#pragma D error \"not here\"",
        "D_PRAGERR",
        "#error: not here",
    );
    fails(
        "#pragma D attributes Stable/Stable/Common",
        "D_PRAGMA_MALFORM",
        "malformed #pragma attributes <attributes> <ident>",
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
        "BEGIN { x = ; y = 1; z = 2 +; }\nint;\nEND { w = 'abcdefghi' + 1; v; ) }\ntick-1s { a }",
        "[D_SYNTAX] line 1: syntax error near \";\"\n\
         [D_SYNTAX] line 1: syntax error near \";\"\n\
         [D_DECL_USELESS] line 2: useless declaration\n\
         [D_CHR_OFLOW] line 3: character constant is too long\n\
         [D_SYNTAX] line 3: extra ) in input stream",
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
    let options = crate::parse::ParseOptions {
        macros: &macros,
        is_type: &|_| false,
        pspec: true,
        empty: false,
    };
    let (ast, diags) = crate::parse::parse(
        &sources,
        &[crate::parse::Input {
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

#[test]
fn sources_share_types_and_macro_arguments() {
    let mut sources = crate::source::Sources::new();
    let library = sources.add("lib.d", "typedef int t;");
    let script = sources.add("x.d", "BEGIN { (t)-$1; x = (kernel_t)-1; }");
    let flag = sources.add("-n", "END { $2 ");
    let macros = MacroArgs {
        args: vec!["1".into(), "2".into(), "3".into()],
        ..MacroArgs::default()
    };
    let options = crate::parse::ParseOptions {
        macros: &macros,
        is_type: &|name| name == "kernel_t",
        pspec: false,
        empty: false,
    };
    let input = |src, kind| crate::parse::Input { src, kind };
    let mut inputs = vec![
        input(library, InputKind::Library),
        input(script, InputKind::Script),
        input(flag, InputKind::Probe(ProbeFlag::Name)),
    ];
    let (_, diags) = crate::parse::parse(&sources, &inputs, &options);
    let told: Vec<String> = diags.iter().map(|d| d.headline(&sources, true)).collect();
    assert_eq!(told, ["[D_SYNTAX] line 1: syntax error near end of input"]);
    assert_eq!(sources.locate(diags[0].span).unwrap().file, "-n");
    inputs.pop();
    let (ast, diags) = crate::parse::parse(&sources, &inputs, &options);
    assert_eq!(
        dump(&ast),
        "(decl typedef t: int)\n(clause :::BEGIN {(cast <t> (- 1)) (= x (cast <kernel_t> (- 1)))})\n"
    );
    let told: Vec<&str> = diags.iter().map(|d| d.text.as_str()).collect();
    assert_eq!(
        told,
        [
            "extraneous argument '2' ($2 is not referenced)",
            "extraneous argument '3' ($3 is not referenced)"
        ]
    );
}
