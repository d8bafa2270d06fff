import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";

const onlyIn = (group, message) => ({ group, message });
const TAURI = onlyIn(["@tauri-apps/*"], "Only host/tauri.ts talks to Tauri; use the Host interface.");
const CODEMIRROR = onlyIn(["@codemirror/*", "@lezer/*"], "Only editor/ knows CodeMirror.");
const restrict = (...patterns) => ({ "no-restricted-imports": ["error", { patterns }] });

export default ts.config(
  { ignores: ["dist/", "dist-memory/", "src/gen/", "shots/"] },
  ...ts.configs.strictTypeChecked,
  ...svelte.configs.recommended,
  {
    languageOptions: {
      globals: { ...globals.browser },
      parserOptions: { projectService: true, extraFileExtensions: [".svelte"] },
    },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-invalid-void-type": "off",
      "@typescript-eslint/no-unnecessary-condition": "off", // blind to what changes during an await
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "svelte/prefer-svelte-reactivity": "off", // sets and maps here are replaced whole, or not shown
      "max-lines": ["error", { max: 250 }],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  { files: ["**/*.svelte", "**/*.svelte.ts"], languageOptions: { parserOptions: { parser: ts.parser } } },
  {
    files: ["**/*.svelte"],
    rules: {
      // The parser doesn't infer the types of inline callbacks; svelte-check does, and refuses `any` there.
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-meaningless-void-operator": "off", // `void x` in an effect says that it depends on x
      "svelte/no-unused-svelte-ignore": "off", // svelte-check judges them
    },
  },
  { files: ["src/**"], rules: restrict(TAURI, CODEMIRROR) },
  { files: ["src/host/tauri.ts"], rules: restrict(CODEMIRROR) },
  { files: ["src/editor/**"], rules: restrict(TAURI) },
  { files: ["src/views/**/*.svelte"], rules: { "max-lines": ["error", { max: 150 }] } },
  { files: ["src/parts/**/*.svelte"], rules: { "max-lines": ["error", { max: 60 }] } },
  { files: ["*.js", "*.ts", "scripts/**", "tests/**"], languageOptions: { globals: globals.node } },
  { files: ["scripts/**"], rules: { "no-console": "off" } },
  { files: ["**/*.js", "**/*.mjs"], extends: [ts.configs.disableTypeChecked] },
);
