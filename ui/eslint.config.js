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
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/no-invalid-void-type": "off",
      "max-lines": ["error", { max: 250 }],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  { files: ["**/*.svelte", "**/*.svelte.ts"], languageOptions: { parserOptions: { parser: ts.parser } } },
  { files: ["src/**"], rules: restrict(TAURI, CODEMIRROR) },
  { files: ["src/host/tauri.ts"], rules: restrict(CODEMIRROR) },
  { files: ["src/editor/**"], rules: restrict(TAURI) },
  { files: ["src/views/**/*.svelte"], rules: { "max-lines": ["error", { max: 150 }] } },
  { files: ["src/parts/**/*.svelte"], rules: { "max-lines": ["error", { max: 60 }] } },
  { files: ["*.js", "*.ts", "scripts/**", "tests/**"], languageOptions: { globals: globals.node } },
  { files: ["scripts/**"], rules: { "no-console": "off" } },
  { files: ["**/*.js", "**/*.mjs"], extends: [ts.configs.disableTypeChecked] },
);
