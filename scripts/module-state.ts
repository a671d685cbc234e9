import ts from 'typescript'

/**
 * What a module keeps beside what it exports: `let`, `var`, and constants that can be changed in place. Workflows share
 * their modules with other workflows of the same worker, so that what one run leaves there the next one would find, and
 * a replay would not.
 */
export function mutableState(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  return source.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) => {
    const isConst = (declarationList.flags & ts.NodeFlags.Const) !== 0
    return declarationList.declarations
      .filter((declaration) => !isConst || canBeChanged(declaration))
      .map((declaration) => declaration.name.getText(source))
  })
}

const COLLECTIONS = new Set(['Map', 'Set', 'WeakMap', 'WeakSet', 'Array'])
const READONLY = /^(Readonly|ReadonlyArray|ReadonlyMap|ReadonlySet)</

function canBeChanged({ initializer, type }: ts.VariableDeclaration): boolean {
  if (initializer === undefined || (type !== undefined && isReadonly(type))) return false
  return isCollection(initializer)
}

function isReadonly(type: ts.TypeNode): boolean {
  return (
    READONLY.test(type.getText()) || (ts.isTypeOperatorNode(type) && type.operator === ts.SyntaxKind.ReadonlyKeyword)
  )
}

/** Lists, maps and sets; of objects only empty ones: others are tables. */
function isCollection(node: ts.Expression): boolean {
  if (ts.isAsExpression(node)) return !isConstOrReadonly(node.type) && isCollection(node.expression)
  if (ts.isSatisfiesExpression(node) || ts.isParenthesizedExpression(node)) return isCollection(node.expression)
  if (ts.isNewExpression(node)) return COLLECTIONS.has(node.expression.getText())
  return ts.isArrayLiteralExpression(node) || (ts.isObjectLiteralExpression(node) && node.properties.length === 0)
}

function isConstOrReadonly(type: ts.TypeNode): boolean {
  return ts.isConstTypeReference(type) || isReadonly(type)
}
