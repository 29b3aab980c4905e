import {
  type ASTNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  isCompositeType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
  visit,
} from 'graphql';

/** Objects that a list without a size argument is taken to hold. */
const UNSIZED_LIST = 10;

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

const isIntrospection = (field: FieldNode) => field.name.value.startsWith('__');

/** @returns how many aliases a document has, used or not; needs no valid document */
export function countAliases(document: DocumentNode): number {
  let aliases = 0;
  visit(document as ASTNode, {
    Field: (field) => {
      if (field.alias) aliases++;
    },
  });
  return aliases;
}

/**
 * @param operation of a valid document: fragments without cycles
 * @returns how deep its fields nest; introspection has a rule of its own and doesn't count
 */
export function depthOf(operation: OperationDefinitionNode, fragments: Fragments): number {
  const known = new Map<string, number>();
  const depth = (set: SelectionSetNode): number =>
    Math.max(
      0,
      ...set.selections.map((selection) => {
        if (selection.kind === Kind.INLINE_FRAGMENT) return depth(selection.selectionSet);
        if (selection.kind === Kind.FRAGMENT_SPREAD) {
          const name = selection.name.value;
          const found = known.get(name) ?? depth(fragments.get(name)!.selectionSet);
          known.set(name, found);
          return found;
        }
        if (isIntrospection(selection)) return 0;
        return 1 + (selection.selectionSet ? depth(selection.selectionSet) : 0);
      }),
    );
  return depth(operation.selectionSet);
}

/**
 * The cost of an operation. Each object costs its field's `complexity` (1 where it says nothing), times the sizes of
 * the lists it stands in: the `first` of a connection, the `topK` of a search, or {@link UNSIZED_LIST}. Scalars and
 * introspection are free.
 * @param operation of a valid document
 */
export function costOf(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  given: Record<string, unknown>,
): number {
  const defaults = (operation.variableDefinitions ?? []).map(
    ({ variable, defaultValue }) => [variable.name.value, valueOf(defaultValue, {})] as const,
  );
  const variables = { ...Object.fromEntries(defaults), ...given };
  // A fragment can be spread twice in each of many others: each is walked once.
  const known = new Map<string, number>();

  /** @param sized whether the field above said how many there are of the lists in this set */
  const ofSet = (set: SelectionSetNode, parent: GraphQLCompositeType, sized: boolean): number =>
    set.selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) return sum + ofField(selection, parent, sized);
      if (selection.kind === Kind.FRAGMENT_SPREAD) return sum + ofFragment(selection.name.value, sized);
      const condition = selection.typeCondition?.name.value;
      const type = condition === undefined ? parent : (schema.getType(condition) as GraphQLCompositeType);
      return sum + ofSet(selection.selectionSet, type, sized);
    }, 0);

  const ofFragment = (name: string, sized: boolean): number => {
    const key = `${name} ${sized}`;
    const { selectionSet, typeCondition } = fragments.get(name)!;
    const type = schema.getType(typeCondition.name.value) as GraphQLCompositeType;
    const cost = known.get(key) ?? ofSet(selectionSet, type, sized);
    known.set(key, cost);
    return cost;
  };

  const ofField = (node: FieldNode, parent: GraphQLCompositeType, sized: boolean): number => {
    if (isIntrospection(node) || !(isObjectType(parent) || isInterfaceType(parent))) return 0;
    const field = parent.getFields()[node.name.value]!;
    const type = getNamedType(field.type);
    const weight = Number(field.extensions.complexity ?? (isCompositeType(type) ? 1 : 0));
    if (!isCompositeType(type) || !node.selectionSet) return weight;
    const size = sizeOf(node, field, variables);
    const below = ofSet(node.selectionSet, type, size !== undefined);
    if (isList(field) && !sized && size === undefined) return weight + UNSIZED_LIST * (1 + below);
    return weight + (size ?? 1) * below;
  };

  return ofSet(operation.selectionSet, schema.getRootType(operation.operation)!, false);
}

function isList(field: GraphQLField<unknown, unknown>): boolean {
  return isListType(isNonNullType(field.type) ? field.type.ofType : field.type);
}

/** @returns how many objects a field is asked for, or undefined where it has no argument that says so */
function sizeOf(
  node: FieldNode,
  field: GraphQLField<unknown, unknown>,
  variables: Record<string, unknown>,
): number | undefined {
  const first = field.args.find((argument) => argument.name === 'first');
  if (first) return count(valueOf(argumentNode(node, 'first'), variables), Number(first.defaultValue));
  const input = field.args.find((argument) => argument.name === 'input');
  const type = input && getNamedType(input.type);
  const topK = isInputObjectType(type) ? type.getFields().topK : undefined;
  if (!topK) return undefined;
  const value = valueOf(argumentNode(node, 'input'), variables);
  const asked = typeof value === 'object' && value !== null && 'topK' in value ? value.topK : undefined;
  return count(asked, Number(topK.defaultValue));
}

const argumentNode = (node: FieldNode, name: string) =>
  node.arguments?.find((argument) => argument.name.value === name)?.value;

const count = (value: unknown, fallback: number) =>
  typeof value === 'number' ? Math.max(0, value) : fallback;

/** The value of an argument as far as cost goes: numbers and objects of them. */
function valueOf(node: ValueNode | undefined, variables: Record<string, unknown>): unknown {
  switch (node?.kind) {
    case Kind.VARIABLE:
      return variables[node.name.value];
    case Kind.INT:
      return Number(node.value);
    case Kind.OBJECT:
      return Object.fromEntries(
        node.fields.map((field) => [field.name.value, valueOf(field.value, variables)]),
      );
    default:
      return undefined;
  }
}
