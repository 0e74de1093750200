"""PromQL text to its tree, or an error that names the word. No Django here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sandbox.environment.world.base import BadQuery, Unsupported
from sandbox.environment.world.lexing import duration, unquoted

PAGE = "promql.md"
WINDOWED = (
    *("rate", "increase", "delta", "deriv", "irate", "changes", "resets", "quantile_over_time"),
    *(f"{name}_over_time" for name in ("avg", "min", "max", "sum", "count", "last", "stddev")),
)
MAPPED = ("abs", "ceil", "floor", "sqrt", "exp", "ln")
AGGREGATES = ("sum", "avg", "min", "max", "count", "topk", "bottomk", "quantile")
WITH_PARAMETER = ("topk", "bottomk", "quantile")
COMPARISONS = ("==", "!=", ">=", "<=", ">", "<")
DEPTH = 60
OPERATORS = 200  # of one query; each is a level of its tree


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Matcher:
    label: str
    op: str
    value: str


@dataclass(frozen=True)
class Selector:
    """``window`` and ``offset`` in microseconds; without a window an instant vector."""

    matchers: tuple[Matcher, ...]
    window: int = 0
    offset: int = 0


@dataclass(frozen=True)
class Call:
    name: str
    of: Node
    parameter: float = 0.0


@dataclass(frozen=True)
class Aggregate:
    name: str
    of: Node
    by: tuple[str, ...] = ()
    without: bool = False
    parameter: float = 0.0


@dataclass(frozen=True)
class Binary:
    op: str
    left: Node
    right: Node
    as_bool: bool = False
    on: tuple[str, ...] | None = None
    ignoring: tuple[str, ...] = ()


Node = Number | Selector | Call | Aggregate | Binary

_TOKEN = re.compile(
    r"\s*(?:#[^\n]*+\n?\s*)*+(?:"  # possessive: a comment is read one way, or # signs alone would take for ever
    r"(?P<string>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`)"
    r"|(?P<duration>(?:\d+(?:ms|[smhdw]))+(?![\w.]))"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))"
    r"|(?P<word>[A-Za-z_:][\w:]*)"
    r"|(?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^()\[\]{},=<>@:]))",
)
_LEVELS = (COMPARISONS, ("+", "-"), ("*", "/", "%"))


def parse(text: str) -> Node:
    """The tree of a query. BadQuery where it is not PromQL, Unsupported where it is more than the subset."""
    parser = _Parser(_tokens(text))
    node = parser.expression()
    if parser.kind:
        raise parser.unexpected("the end")
    return node


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise BadQuery(f"PromQL: {text[at:].strip()[:20]!r} is not understood")
        tokens.append((found.lastgroup or "", found[found.lastgroup or 0]))
        at = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]):
        self.tokens, self.at, self.depth, self.operators = tokens, 0, 0, 0

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    @property
    def text(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        text = self.text
        self.at += 1
        return text

    def takes(self, sign: str) -> bool:
        found = self.kind in ("sign", "word") and self.text == sign
        self.at += found
        return found

    def expect(self, sign: str) -> None:
        if not self.takes(sign):
            raise self.unexpected(repr(sign))

    def unexpected(self, wanted: str) -> BadQuery:
        return BadQuery(f"PromQL: {self.text or 'the end'!r} where {wanted} should be")

    def expression(self, level: int = 0) -> Node:
        self.depth += 1
        if self.depth > DEPTH * 4:
            raise BadQuery("PromQL: nested too deep")
        try:
            return self._binary(level)
        finally:
            self.depth -= 1

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self.unary()
        left = self.expression(level + 1)
        while True:
            if self.kind == "word" and self.text in ("and", "or", "unless"):
                raise Unsupported(self.text, PAGE)
            if self.kind != "sign" or self.text not in _LEVELS[level]:
                return left
            left = self.combined(self.operator(), left, level + 1)

    def operator(self) -> str:
        self.operators += 1
        if self.operators > OPERATORS:
            raise BadQuery(f"PromQL: more than {OPERATORS} operators; ask in parts")
        return self.take()

    def combined(self, op: str, left: Node, level: int) -> Node:
        as_bool = self.kind == "word" and op in COMPARISONS and self.takes("bool")
        on, ignoring = None, ()
        if self.kind == "word" and self.text in ("on", "ignoring"):
            if self.take() == "on":
                on = self.names()
            else:
                ignoring = self.names()
        if self.kind == "word" and self.text in ("group_left", "group_right"):
            raise Unsupported(self.text, PAGE)
        right = self.expression(level)
        for side in (left, right):
            _instant(side, op)
        if op in COMPARISONS and not as_bool and isinstance(left, Number) and isinstance(right, Number):
            raise BadQuery(f"PromQL: two numbers compare with bool only: {op} bool")
        return Binary(op, left, right, as_bool, on, ignoring)

    def unary(self) -> Node:
        if self.kind == "sign" and self.text in ("-", "+"):
            sign, of = self.operator(), self.unary()
            return Binary("*", Number(-1.0), _instant(of, sign)) if sign == "-" else of
        left = self.postfix(self.primary())
        if self.kind == "sign" and self.text == "^":
            op = self.operator()
            return Binary(op, _instant(left, op), _instant(self.unary(), op))
        return left

    def primary(self) -> Node:
        if self.takes("("):
            node = self.expression()
            self.expect(")")
            return node
        if self.kind == "number":
            return Number(float(self.take()))
        if self.kind == "sign" and self.text == "{":
            return Selector(self.matchers())
        if self.kind != "word":
            raise self.unexpected("a metric, a function or a number")
        word = self.take()
        if word.lower() in ("inf", "nan"):
            return Number(float(word))
        if word in AGGREGATES and self.text in ("(", "by", "without"):
            return self.aggregate(word)
        if self.text == "(" and self.kind == "sign":
            return self.call(word)
        if self.kind == "word" and self.text in ("by", "without"):
            raise Unsupported(word, PAGE)
        named = (Matcher("__name__", "=", word),)
        return Selector(named + self.matchers() if self.text == "{" and self.kind == "sign" else named)

    def postfix(self, node: Node) -> Node:
        while True:
            if self.takes("["):
                if not isinstance(node, Selector):
                    raise Unsupported("subquery [...]", PAGE)
                window = self.duration()
                if self.text.startswith(":"):
                    raise Unsupported("subquery [...:...]", PAGE)
                self.expect("]")
                node = replace(node, window=window)
            elif self.kind == "word" and self.takes("offset"):
                if not isinstance(node, Selector):
                    raise BadQuery("PromQL: offset belongs behind a selector")
                if self.text == "-":
                    raise Unsupported("negative offset", PAGE)
                node = replace(node, offset=self.duration())
            elif self.text == "@" and self.kind == "sign":
                raise Unsupported("@", PAGE)
            else:
                return node

    def duration(self) -> int:
        if self.kind not in ("duration", "number"):
            raise self.unexpected("a duration such as 5m")
        return duration(self.take() if self.kind == "duration" else self.take() + "s")

    def matchers(self) -> tuple[Matcher, ...]:
        self.expect("{")
        found: list[Matcher] = []
        while not self.takes("}"):
            if self.kind != "word":
                raise self.unexpected("a label")
            label, op = self.take(), self.text
            if op not in ("=", "!=", "=~", "!~"):
                raise self.unexpected("one of = != =~ !~")
            self.take()
            if self.kind != "string":
                raise self.unexpected("text in quotes")
            found.append(Matcher(label, op, unquoted(self.take())))
            if not self.takes(",") and self.text != "}":
                raise self.unexpected("',' or '}'")
        return tuple(found)

    def names(self) -> tuple[str, ...]:
        self.expect("(")
        found: list[str] = []
        while not self.takes(")"):
            if self.kind != "word":
                raise self.unexpected("a label")
            found.append(self.take())
            if not self.takes(",") and self.text != ")":
                raise self.unexpected("',' or ')'")
        return tuple(found)

    def parameter(self) -> float:
        sign = -1.0 if self.takes("-") else 1.0
        if self.kind != "number":
            raise self.unexpected("a number")
        value = sign * float(self.take())
        self.expect(",")
        return value

    def aggregate(self, name: str) -> Node:
        by, without = self.grouping()
        self.expect("(")
        parameter = self.parameter() if name in WITH_PARAMETER else 0.0
        of = _instant(self.expression(), name)
        if isinstance(of, Number):
            raise BadQuery(f"PromQL: {name} is over a vector, not a number")
        self.expect(")")
        if not by and not without:
            by, without = self.grouping()
        return Aggregate(name, of, by, without, parameter)

    def grouping(self) -> tuple[tuple[str, ...], bool]:
        if self.kind == "word" and self.text in ("by", "without"):
            without = self.take() == "without"
            return self.names(), without
        return (), False

    def call(self, name: str) -> Node:
        if name not in WINDOWED and name not in MAPPED:
            raise Unsupported(name, PAGE)
        self.expect("(")
        parameter = self.parameter() if name == "quantile_over_time" else 0.0
        of = self.expression()
        self.expect(")")
        if name in WINDOWED and not (isinstance(of, Selector) and of.window):
            raise BadQuery(f"PromQL: {name} is over a range vector, such as {name}(metric[5m])")
        return Call(name, of if name in WINDOWED else _instant(of, name), parameter)


def _instant(node: Node, name: str) -> Node:
    if isinstance(node, Selector) and node.window:
        raise BadQuery(f"PromQL: {name} is not over a range vector; wrap it, as in rate(metric[5m])")
    return node
