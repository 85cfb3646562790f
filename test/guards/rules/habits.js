// Habits of the house that a line can be judged by alone.
const problem = (create) => ({ meta: { type: 'problem', schema: [] }, create });

/** `import type` of an injected class compiles, and Nest finds `Object` where the class should be: it dies at boot. */
const injectedClasses = problem((context) => {
  const erased = new Set();
  return {
    ImportDeclaration(node) {
      for (const specifier of node.specifiers)
        if (node.importKind === 'type' || specifier.importKind === 'type') erased.add(specifier.local.name);
    },
    'ClassDeclaration[decorators.length>0] MethodDefinition[kind="constructor"]'(node) {
      for (const parameter of node.value.params) {
        const injected = parameter.type === 'TSParameterProperty' ? parameter.parameter : parameter;
        const type = injected.typeAnnotation?.typeAnnotation.typeName?.name;
        if (erased.has(type) && parameter.decorators.length === 0 && (injected.decorators ?? []).length === 0)
          context.report({
            node: parameter,
            message: `${type} is injected by its class but imported as a type: Nest cannot find it at boot. Import the value, or name a token with @Inject().`,
          });
      }
    },
  };
});

/** A module wires; a decision belongs to a service or to libs/core. */
const moduleHasNoIf = problem((context) => {
  const refuse = (node) =>
    context.report({ node, message: 'A .module.ts is wiring without an if: decide in a service.' });
  return { IfStatement: refuse, ConditionalExpression: refuse, SwitchStatement: refuse };
});

const noDoubleAssertion = problem((context) => ({
  'TSAsExpression > TSAsExpression.expression > TSUnknownKeyword': (node) =>
    context.report({
      node: node.parent,
      message: '"as unknown as" silences the compiler: narrow the value, or say why above the line.',
    }),
}));

/** An exception to a rule carries its reason: `// eslint-disable-next-line rule -- why`. */
const sayWhy = problem((context) => ({
  Program() {
    for (const comment of context.sourceCode.getAllComments()) {
      const text = comment.value.trim();
      const isSilencing = /^(eslint-disable|@ts-(expect-error|ignore|nocheck))/.test(text);
      const reason = /^(eslint-disable[^]*?\s--\s+\S+|@ts-expect-error\W+\w+)/;
      if (isSilencing && !reason.test(text))
        context.report({
          loc: comment.loc,
          message: 'A rule is silenced without a reason: add " -- why" to the directive.',
        });
    }
  },
}));

const noParkedTests = problem((context) => ({
  'MemberExpression[object.name=/^(it|test|describe|suite|bench)$/][property.name=/^(only|skip|todo|fails)$/]': (
    node,
  ) => context.report({ node, message: 'A parked test guards nothing: make it pass or take it out.' }),
}));

const titlesAreFacts = problem((context) => ({
  'CallExpression[callee.name=/^(it|test|describe)$/] > :matches(Literal, TemplateLiteral).arguments:first-child'(
    node,
  ) {
    const title = node.type === 'Literal' ? node.value : node.quasis[0].value.cooked;
    if (/^\s*should\b/i.test(String(title))) context.report({ node, message: 'A title is a fact, without "should".' });
  },
}));

export const habitRules = {
  'injected-classes': injectedClasses,
  'module-has-no-if': moduleHasNoIf,
  'no-double-assertion': noDoubleAssertion,
  'say-why': sayWhy,
  'no-parked-tests': noParkedTests,
  'titles-are-facts': titlesAreFacts,
};
