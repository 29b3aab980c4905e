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

/** What an operation costs under the given variables: see {@link compileCost}. */
export type Cost = (variables: Record<string, unknown>) => number;

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

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
 * Makes the cost function of an operation. Each object costs its field's `complexity` (1 where it says nothing),
 * times the sizes of the lists it stands in: the `first` of a connection, the `topK` of a search, or
 * {@link UNSIZED_LIST}. Scalars and introspection are free.
 * @param operation of a valid document
 */
export function compileCost(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: Fragments,
): Cost {
  const known = new Map<string, Cost>();

  /** @param sized whether the field above said how many there are of the lists in this set */
  const ofSet = (set: SelectionSetNode, parent: GraphQLCompositeType, sized: boolean): Cost => {
    const parts = set.selections.map((selection): Cost => {
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        return ofSet(selection.selectionSet, conditionOf(selection.typeCondition?.name.value, parent), sized);
      }
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const name = `${selection.name.value} ${sized}`;
        const fragment = fragments.get(selection.name.value)!;
        const cost =
          known.get(name) ??
          ofSet(fragment.selectionSet, conditionOf(fragment.typeCondition.name.value, parent), sized);
        known.set(name, cost);
        return cost;
      }
      return ofField(selection, parent, sized);
    });
    return (variables) => parts.reduce((sum, part) => sum + part(variables), 0);
  };

  const conditionOf = (name: string | undefined, parent: GraphQLCompositeType) =>
    name === undefined ? parent : (schema.getType(name) as GraphQLCompositeType);

  const ofField = (node: FieldNode, parent: GraphQLCompositeType, sized: boolean): Cost => {
    if (isIntrospection(node) || !(isObjectType(parent) || isInterfaceType(parent))) return () => 0;
    const field = parent.getFields()[node.name.value]!;
    const type = getNamedType(field.type);
    const weight = Number(field.extensions.complexity ?? (isCompositeType(type) ? 1 : 0));
    if (!isCompositeType(type) || !node.selectionSet) return () => weight;
    const size = sizeOf(node, field);
    const unsizedList = isList(field) && !sized && !size;
    const below = ofSet(node.selectionSet, type, size !== undefined);
    return (variables) => {
      const times = size ? size(variables) : unsizedList ? UNSIZED_LIST : 1;
      return weight + times * (below(variables) + (unsizedList ? 1 : 0));
    };
  };

  const root = schema.getRootType(operation.operation)!;
  const cost = ofSet(operation.selectionSet, root, false);
  const defaults = Object.fromEntries(
    (operation.variableDefinitions ?? []).map(({ variable, defaultValue }) => [
      variable.name.value,
      valueOf(defaultValue, {}),
    ]),
  );
  return (variables) => cost({ ...defaults, ...variables });
}

function isList(field: GraphQLField<unknown, unknown>): boolean {
  return isListType(isNonNullType(field.type) ? field.type.ofType : field.type);
}

/** @returns how many objects a field is asked for, or undefined where it has no argument that says so */
function sizeOf(node: FieldNode, field: GraphQLField<unknown, unknown>): Cost | undefined {
  const first = field.args.find((argument) => argument.name === 'first');
  if (first) {
    return (variables) => count(valueOf(argumentNode(node, 'first'), variables), Number(first.defaultValue));
  }
  const input = field.args.find((argument) => argument.name === 'input');
  const type = input && getNamedType(input.type);
  const topK = isInputObjectType(type) ? type.getFields().topK : undefined;
  if (!topK) return undefined;
  return (variables) => {
    const value = valueOf(argumentNode(node, 'input'), variables);
    const asked = typeof value === 'object' && value !== null && 'topK' in value ? value.topK : undefined;
    return count(asked, Number(topK.defaultValue));
  };
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
