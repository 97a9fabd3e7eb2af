"""Replaces `+ - * / **` in source code by calls of native operations, as a syntax tree (pytest rewrites assertions so).

The operations are constants of the code objects: the program finds no new name in any namespace. Positions, lines and
the order of evaluation are those of the source.
"""

import ast
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

from pytracer import _native

OPERATIONS = {
    ast.Add: ("add", "augmented_add"),
    ast.Sub: ("subtract", "augmented_subtract"),
    ast.Mult: ("multiply", "augmented_multiply"),
    ast.Div: ("divide", "augmented_divide"),
    ast.Pow: ("power", "augmented_power"),
}
"""Operator -> names of the native operation and of the augmented one."""

NAMES = (
    *(name for names in OPERATIONS.values() for name in names),
    *("addend", "load_item", "load_attribute", "store_item", "store_attribute", "key"),
)
STAND_INS = {name: 0x507974726163657200 + number for number, name in enumerate(NAMES)}
"""The compiler takes plain constants only: each operation is a number until the code object is there."""
BY_STAND_IN: dict[Any, Any] = {number: getattr(_native, name) for name, number in STAND_INS.items()}

NEVER_NUMBERS = (
    *(ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)

UNVISITED = {
    ast.arg: ("annotation",),
    ast.FunctionDef: ("returns", "type_params"),
    ast.AsyncFunctionDef: ("returns", "type_params"),
    ast.ClassDef: ("type_params",),
    ast.AnnAssign: ("annotation",),
    ast.match_case: ("pattern",),
}
"""Parts of the tree that are no arithmetic: annotations may be kept as text, patterns are compared."""

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.GeneratorExp)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)

NO_NAMES: frozenset[str] = frozenset()


class Original:
    """The code object of the unchanged source, last among the constants of the rewritten one."""

    __slots__ = ("code",)

    def __init__(self, code: CodeType) -> None:
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return Original, (self.code,)


def original(code: Any) -> Any:
    """The code object of the unchanged source, for those who compile bytecode themselves; anything else as it is."""
    last = code.co_consts[-1] if isinstance(code, CodeType) and code.co_consts else None
    return last.code if isinstance(last, Original) else code


def rewritten(plain: CodeType, source: str | bytes) -> CodeType:
    """`plain`, which was compiled from `source`, with stochastic arithmetic.

    Raises RecursionError or MemoryError for code that is nested more deeply than the compiler takes as a tree.
    """
    filters: list[Any] = getattr(sys.modules.get("warnings"), "filters", [])
    # Compiling `plain` has shown the warnings. Nobody is told of the filter, or those shown once would be shown again.
    silent = ("ignore", None, Warning, None, 0)
    filters.insert(0, silent)
    try:
        tree = compile(source, plain.co_filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        assert isinstance(tree, ast.Module)
        Rewriter(tree).run()
        return _with_operations(compile(tree, plain.co_filename, "exec", dont_inherit=True), plain)
    finally:
        filters.remove(silent)


def _with_operations(code: CodeType, plain: CodeType) -> CodeType:
    """Stand-ins become operations, in nested code objects too; each keeps its original."""
    originals = [each for each in plain.co_consts if isinstance(each, CodeType)]
    nested = [each for each in code.co_consts if isinstance(each, CodeType)]
    pairs = zip(nested, originals, strict=True)
    replaced = BY_STAND_IN | {each: _with_operations(each, before) for each, before in pairs}
    constants = (replaced.get(each, each) if type(each) in (CodeType, int) else each for each in code.co_consts)
    return code.replace(co_consts=(*constants, Original(plain)))


class Rewriter:
    """Changes a tree in place. Without recursion: a sum of thousands of terms is as deep as it is long."""

    def __init__(self, tree: ast.Module) -> None:
        declared = (node.names for node in ast.walk(tree) if isinstance(node, (ast.Global, ast.Nonlocal)))
        self._declared = {name for names in declared for name in names}
        # With the class around the node, for names such as __x, and the local variables of the function around it.
        self._waiting: list[tuple[ast.AST, str, frozenset[str]]] = [(tree, "", NO_NAMES)]

    def run(self) -> None:
        """Visit every node once; what takes the place of a node is visited in its turn."""
        while self._waiting:
            node, owner, variables = self._waiting.pop()
            if isinstance(node, ast.ClassDef):
                owner, variables = node.name, NO_NAMES
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                variables = frozenset(_bound(node)) - self._declared
            for field in node._fields:
                value = getattr(node, field, None)
                if field in UNVISITED.get(type(node), ()):
                    continue
                if isinstance(value, list):
                    value[:] = [self._visit(each, owner, variables) for each in value]
                elif isinstance(value, ast.AST):
                    setattr(node, field, self._visit(value, owner, variables))

    def _visit(self, node: Any, owner: str, variables: frozenset[str]) -> Any:
        if not isinstance(node, ast.AST) or type(node).__name__ == "TypeAlias":
            return node
        if isinstance(node, ast.BinOp) and _may_be_numbers(node, node.left, node.right):
            node = _operation(OPERATIONS[type(node.op)][0], node, node.left, node.right)
        elif isinstance(node, ast.Assign) and _is_in_place_sum(node, variables):
            assert isinstance(node.value, ast.BinOp)
            node.value.right = _operation("addend", node.value, _copy(node.value.left, ast.Load()), node.value.right)
            node.value.op = _Kept()
        elif isinstance(node, ast.AugAssign) and _may_be_numbers(node, node.value):
            node = _augmented(node, owner, variables)
        self._waiting.append((node, owner, variables))
        return node


class _Kept(ast.Add):
    """The plus sign of `s = s + t`, which has been dealt with."""


def _may_be_numbers(node: ast.BinOp | ast.AugAssign, *operands: ast.expr) -> bool:
    """Whether the operation can be one on floats, and is not done by the compiler."""
    if type(node.op) not in OPERATIONS:
        return False
    texts = (isinstance(each, ast.Constant) and isinstance(each.value, (str, bytes)) for each in operands)
    if any(isinstance(each, NEVER_NUMBERS) for each in operands) or any(texts):
        return False
    return isinstance(node, ast.AugAssign) or not _is_constant(node)


def _is_constant(node: ast.expr) -> bool:
    """Whether the compiler computes it."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.BinOp):
            waiting += (each.left, each.right)
        elif isinstance(each, ast.UnaryOp):
            waiting.append(each.operand)
        elif not isinstance(each, ast.Constant):
            return False
    return True


def _first(node: ast.expr) -> ast.expr:
    """The part of an expression that is evaluated first: a line begins with it."""
    while True:
        match node:
            case ast.BinOp(left=first) | ast.Compare(left=first) | ast.IfExp(test=first) | ast.Call(func=first):
                node = first
            case ast.Attribute(value=first) | ast.Subscript(value=first) | ast.UnaryOp(operand=first):
                node = first
            case ast.BoolOp(values=[first, *_]) | ast.Tuple(elts=[first, *_]) | ast.List(elts=[first, *_]):
                node = first
            case _:
                return node


def _operation(name: str, where: ast.AST, *operands: ast.expr) -> ast.Call:
    """A call at the place of `where`."""
    function = ast.copy_location(ast.Constant(STAND_INS[name]), _first(operands[0]))
    return ast.copy_location(ast.Call(function, list(operands), []), where)


def _copy(node: Any, context: ast.expr_context) -> Any:
    """A target, or a part of one, to be read where the source has it written only."""
    if isinstance(node, ast.Name):
        copied: ast.AST = ast.Name(node.id, context)
    elif isinstance(node, ast.Attribute):
        copied = ast.Attribute(_copy(node.value, ast.Load()), node.attr, context)
    elif isinstance(node, ast.Subscript):
        copied = ast.Subscript(_copy(node.value, ast.Load()), _copy(node.slice, ast.Load()), context)
    elif isinstance(node, ast.Tuple):
        copied = ast.Tuple([_copy(each, ast.Load()) for each in node.elts], context)
    elif isinstance(node, ast.UnaryOp):
        copied = ast.UnaryOp(node.op, _copy(node.operand, ast.Load()))
    else:
        copied = ast.Constant(node.value, node.kind)
    return ast.copy_location(copied, node)


def _is_in_place_sum(node: ast.Assign, variables: frozenset[str]) -> bool:
    """Whether it is `s = s + t` with a local `s`, which must remain a sum: the interpreter appends texts in place."""
    match node:
        case ast.Assign(targets=[ast.Name(id=target)], value=ast.BinOp(left=ast.Name(id=name), op=ast.Add()) as value):
            return target == name in variables and _may_be_numbers(value, value.left, value.right)
    return False


def _may_append(node: ast.AugAssign) -> bool:
    """Whether it can be one that the interpreter appends to a text in place."""
    operands = (node.value.op,) if isinstance(node.value, ast.BinOp) else ()
    numeric = isinstance(node.value, ast.Constant) or any(
        isinstance(op, (ast.Sub, ast.Div, ast.Pow)) for op in operands
    )
    return isinstance(node.op, ast.Add) and not numeric


def _augmented(node: ast.AugAssign, owner: str, variables: frozenset[str]) -> ast.stmt:
    """`target op= value`, with the parts of the target evaluated once and before the value."""
    target, name = node.target, OPERATIONS[type(node.op)][1]
    if isinstance(target, ast.Name) and target.id in variables and _may_append(node):
        node.value = _operation("addend", node, _copy(target, ast.Load()), node.value)
        return node
    if isinstance(target, ast.Name) or _can_be_repeated(target, node.value, variables):
        value = _operation(name, node, _copy(target, ast.Load()), node.value)
        return ast.copy_location(ast.Assign([target], value), node)
    if isinstance(target, ast.Attribute):
        kind = "attribute"
        key: ast.expr = ast.copy_location(ast.Constant(_mangled(target.attr, owner)), target)
    else:
        assert isinstance(target, ast.Subscript)
        kind, key = "item", _key(target)
    place = _operation(f"load_{kind}", target, target.value, key)
    stored = _operation(f"store_{kind}", target, _operation(name, node, place, node.value))
    return ast.copy_location(ast.Expr(stored), node)


def _can_be_repeated(target: ast.expr, value: ast.expr, variables: frozenset[str]) -> bool:
    """Whether the parts of the target may be evaluated again after the value: constants and local variables."""
    bound = {each.target.id for each in ast.walk(value) if isinstance(each, ast.NamedExpr)}

    def is_steady(part: ast.AST) -> bool:
        match part:
            case ast.Name(id=name):
                return name in variables and name not in bound
            case ast.Constant() | ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
                return True
            case ast.Tuple(elts=parts):
                return all(map(is_steady, parts))
        return False

    match target:
        case ast.Attribute(value=ast.Name() as name):
            return is_steady(name)
        case ast.Subscript(value=ast.Name() as name, slice=key):
            return is_steady(name) and is_steady(key)
    return False


def _key(target: ast.Subscript) -> ast.expr:
    """The key of a subscript as an expression. A slice is none: an object gives it back that is subscripted with it."""
    if not any(isinstance(each, ast.Slice) for each in ast.walk(target.slice)):
        return target.slice
    giver = ast.copy_location(ast.Constant(STAND_INS["key"]), target)
    return ast.copy_location(ast.Subscript(giver, target.slice, ast.Load()), target)


def _mangled(name: str, owner: str) -> str:
    """A private name of a class as the compiler makes it."""
    owner = owner.lstrip("_")
    return f"_{owner}{name}" if owner and name.startswith("__") and not name.endswith("__") else name


def _bound(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Names that are certainly local variables of a function."""
    arguments = function.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if argument is not None:
            yield argument.arg
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        if not isinstance(node, (*SCOPES, *COMPREHENSIONS)):
            waiting.extend(ast.iter_child_nodes(node))
