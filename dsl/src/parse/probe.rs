//! Clauses: probe descriptions, predicate and body.

use super::{InputKind, Open, PResult, Parser, ProbeFlag};
use crate::ast::{Clause, ProbeDesc, ProbeField, ProbeKind};
use crate::diag::Tag;
use crate::lex::Word;
use crate::lex::token::{P, Tok};
use crate::source::Span;

impl Parser<'_> {
    pub(super) fn clause(&mut self) -> PResult<Clause> {
        let mut probes = vec![self.description()?];
        while self.eat(P::Comma) {
            probes.push(self.description()?);
        }
        let predicate = match self.tok.tok {
            Tok::Punct(P::Slash) | Tok::PredEnd => Some(self.predicate()?),
            _ => None,
        };
        if self.tok.is(P::LBrace) {
            let body = self.block()?;
            return Ok(Clause {
                probes,
                predicate,
                body: Some(body),
            });
        }
        let at = self.here();
        match (&self.tok.tok, &predicate) {
            (Tok::Eof, None) if matches!(self.kind, InputKind::Probe(_)) => Ok(Clause {
                probes,
                predicate,
                body: None,
            }),
            (Tok::Bad(..), _) => Err(self.unexpected()),
            (_, None) => {
                let text = "expected predicate and/or actions following probe description";
                Err(self.fail(Tag::D_SYNTAX, at, text))
            }
            (Tok::Eof, Some(_)) => Err(self.fail(
                Tag::D_SYNTAX,
                at,
                "expected actions { } following predicate",
            )),
            _ => Err(self.unexpected()),
        }
    }

    fn predicate(&mut self) -> PResult<crate::ast::Expr> {
        self.lex.in_predicate = true;
        self.bump();
        self.open = Open::default();
        let expr = self.expr();
        // The token after the closing slash is read with comments as everywhere else.
        self.lex.in_predicate = false;
        let expr = expr?;
        if self.tok.tok != Tok::PredEnd {
            return Err(self.unexpected());
        }
        self.bump();
        Ok(expr)
    }

    /// One description, up to a comma, a slash, a brace or the end.
    fn description(&mut self) -> PResult<ProbeDesc> {
        let mut lex = self.lex;
        lex.seek(self.tok.span.lo);
        let word = lex.word();
        if word.raw.is_empty() {
            return Err(self.unexpected());
        }
        self.lex = lex;
        self.tok.span = word.span;
        let kind = self.description_kind(&word);
        self.bump();
        Ok(ProbeDesc {
            kind: kind?,
            span: word.span,
        })
    }

    fn description_kind(&mut self, word: &Word<'_>) -> PResult<ProbeKind> {
        let fields = match self.lex.fields(word) {
            Ok(fields) => fields,
            Err((tag, text, span)) => return Err(self.fail(tag, span, text)),
        };
        if let [(text, _)] = fields.as_slice()
            && !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_digit())
        {
            return self.probe_id(text, word.span);
        }
        let (slots, flag) = match self.flag() {
            ProbeFlag::Provider => (1, "providers"),
            ProbeFlag::Module => (2, "modules"),
            ProbeFlag::Function => (3, "functions"),
            ProbeFlag::Name => (4, "names"),
            ProbeFlag::Id => {
                let text = format!("invalid probe identifier \"{}\"", shown(word.raw));
                return Err(self.fail(Tag::D_PDESC_INVAL, word.span, text));
            }
        };
        if fields.len() > slots {
            let text = format!(
                "invalid probe description \"{}\": Overspecified probe description",
                shown(word.raw)
            );
            let mut diag = crate::diag::Diag::new(Tag::D_PDESC_INVAL, word.span, text);
            if slots < 4 {
                diag = diag.note(format!(
                    "at most {slots} field(s) can be given when specifying {flag}"
                ));
            }
            self.push(diag);
            return Err(super::Failed);
        }
        // Fields fill from the right of the slots that the flag offers.
        let nowhere = Span {
            hi: word.span.lo,
            ..word.span
        };
        let mut four: [ProbeField; 4] = std::array::from_fn(|_| ProbeField {
            text: String::new(),
            span: nowhere,
        });
        let first = slots - fields.len();
        for (slot, (text, span)) in four.iter_mut().skip(first).zip(fields) {
            *slot = ProbeField { text, span };
        }
        let [provider, module, function, name] = four;
        Ok(ProbeKind::Fields {
            provider,
            module,
            function,
            name,
        })
    }

    fn probe_id(&mut self, text: &str, span: Span) -> PResult<ProbeKind> {
        let Ok(id) = text.parse::<u64>() else {
            let what = format!("constant {} results in integer overflow", shown(text));
            return Err(self.fail(Tag::D_INT_OFLOW, span, what));
        };
        let what = match (self.kind, self.flag()) {
            (InputKind::Script | InputKind::Library, _) | (_, ProbeFlag::Id) => {
                return Ok(ProbeKind::Id(id));
            }
            (_, ProbeFlag::Provider) => "providers",
            (_, ProbeFlag::Module) => "modules",
            (_, ProbeFlag::Function) => "functions",
            (_, ProbeFlag::Name) => "names",
        };
        let text = format!("probe identifier {id} not permitted when specifying {what}");
        Err(self.fail(Tag::D_PDESC_INVAL, span, text))
    }
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}
