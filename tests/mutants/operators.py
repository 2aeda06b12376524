"""The faults that can be planted into a module: one place, one small change."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
EXTREMES = {"min": "max", "max": "min"}

WORDS = frozenset({"description", "detail", "reason_text", "text", "why"})
"""Keywords whose values are words for people."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change of one place, by its offsets in the file's bytes.

    `lines` are those of the statement, by which the tests are found that run it.
    """

    path: Path
    start: int
    end: int
    after: str
    kind: str
    line: int
    lines: range
    before: str

    def __str__(self) -> str:
        """Where it is and what it does, in one line."""
        before, after = (" ".join(text.split()) for text in (self.before, self.after))
        return f"{self.path}:{self.line}: {self.kind}: {before} -> {after}"

    def applied_to(self, source: bytes) -> bytes:
        """The file with this fault."""
        return source[: self.start] + self.after.encode() + source[self.end :]


def mutants_of(path: Path, source: bytes) -> list[Mutant]:
    """All faults of a module, in the order of their places."""
    return sorted(_Finder(path, source).found(), key=lambda mutant: (mutant.start, mutant.after))


class _Finder:
    """Walks a module's functions; what runs at import, and what only people read, stays."""

    def __init__(self, path: Path, source: bytes) -> None:
        self._path = path
        self._source = source
        self._lines = range(0)
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def found(self) -> Iterator[Mutant]:
        for node in ast.walk(ast.parse(self._source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for statement in node.body:
                    yield from self._in_statement(statement)

    def _in_statement(self, node: ast.stmt) -> Iterator[Mutant]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return  # found by itself
        if isinstance(node, ast.Assert | ast.Import | ast.ImportFrom) or _is_for_people(node):
            return
        nested = list(_statements_in(node))
        end = min((each.lineno for each in nested), default=(node.end_lineno or node.lineno) + 1)
        self._lines = range(node.lineno, max(end, node.lineno + 1))
        yield from self._of_statement(node)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr) and not _is_annotation(node, child):
                yield from self._in_expression(child)
        for each in nested:
            yield from self._in_statement(each)

    def _of_statement(self, node: ast.stmt) -> Iterator[Mutant]:
        match node:
            case ast.If(test=test):
                yield self._replaced(test, ast.UnaryOp(ast.Not(), test), "condition negated")
            case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise() | ast.Delete():
                yield self._mutant(node, "pass", "statement removed")
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
                yield self._mutant(node, "pass", "statement removed")
            case ast.Continue() | ast.Break():
                yield self._mutant(node, "pass", "statement removed")
            case ast.Return(value=ast.expr() as value) if not _is_none(value):
                yield self._mutant(node, "return None", "nothing returned")
            case _:
                pass

    def _in_expression(self, node: ast.expr) -> Iterator[Mutant]:
        if isinstance(node, ast.JoinedStr | ast.Lambda):
            return
        match node:
            case ast.Compare(ops=ops):
                for index, op in enumerate(ops):
                    others = [*ops[:index], COMPARISONS[type(op)](), *ops[index + 1 :]]
                    compared = ast.Compare(node.left, others, node.comparators)
                    yield self._replaced(node, compared, "comparison")
            case ast.BinOp(op=op) if type(op) in ARITHMETIC and not _has_text(node):
                computed = ast.BinOp(node.left, ARITHMETIC[type(op)](), node.right)
                yield self._replaced(node, computed, "arithmetic")
            case ast.BoolOp(op=op):
                other: ast.boolop = ast.Or() if isinstance(op, ast.And) else ast.And()
                yield self._replaced(node, ast.BoolOp(other, node.values), "boolean")
            case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
                yield self._replaced(node, operand, "sign dropped")
            case ast.IfExp(test=test):
                yield self._replaced(test, ast.UnaryOp(ast.Not(), test), "condition negated")
            case ast.Constant(value=bool(value)):
                yield self._replaced(node, ast.Constant(not value), "constant")
            case ast.Constant(value=int(number)):
                yield self._replaced(node, ast.Constant(number + 1), "constant")
            case ast.Call(func=ast.Name(id=name)) if name in EXTREMES:
                yield self._mutant(node.func, EXTREMES[name], "other extreme")
            case _:
                pass
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.keyword):
                if child.arg not in WORDS:
                    yield from self._in_expression(child.value)
            elif isinstance(child, ast.comprehension):
                for part in (child.iter, *child.ifs):
                    yield from self._in_expression(part)
            elif isinstance(child, ast.expr):
                yield from self._in_expression(child)

    def _replaced(self, node: ast.expr, changed: ast.expr, kind: str) -> Mutant:
        return self._mutant(node, f"({ast.unparse(changed)})", kind)

    def _mutant(self, node: ast.stmt | ast.expr, after: str, kind: str) -> Mutant:
        start, end = self._offsets(node)
        return Mutant(
            path=self._path,
            start=start,
            end=end,
            after=after,
            kind=kind,
            line=node.lineno,
            lines=self._lines,
            before=self._source[start:end].decode(),
        )

    def _offsets(self, node: ast.stmt | ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None, "the parser tells where each node ends"
        assert node.end_col_offset is not None, "the parser tells where each node ends"
        start = self._starts[node.lineno - 1] + node.col_offset
        return start, self._starts[node.end_lineno - 1] + node.end_col_offset


def _statements_in(node: ast.stmt) -> Iterator[ast.stmt]:
    """The statements of a compound one, those of its handlers and cases too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            yield from child.body


def _is_for_people(node: ast.stmt) -> bool:
    """Whether a statement is a docstring, a log line, or the arm that no message reaches."""
    match node:
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id="assert_never"))):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=logger))):
            return ast.unparse(logger) in {"log", "self._log"}
        case _:
            return False


def _is_annotation(node: ast.stmt, child: ast.expr) -> bool:
    return isinstance(node, ast.AnnAssign) and child is node.annotation


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _has_text(node: ast.BinOp) -> bool:
    """Whether an operation is on text, or between types."""
    return any(
        isinstance(each, ast.JoinedStr)
        or (isinstance(each, ast.Constant) and isinstance(each.value, str))
        or (isinstance(each, ast.Name) and each.id[:1].isupper() and not each.id.isupper())
        for each in ast.walk(node)
    )
