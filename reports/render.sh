#!/usr/bin/env bash
# Renders every experiment into this folder: `npm run reports`, after `npm run build`.
set -uo pipefail
cd "$(dirname "$0")/.."
for file in experiments/*.yaml; do
  if grep -q '^vary:' "$file"; then command=sweep; else command=compare; fi
  node dist/cli/main.js "$command" "$file" --report reports > /dev/null
  code=$?
  # 5: no race could happen, which is an answer to some of the questions.
  if [ $code -ne 0 ] && [ $code -ne 5 ]; then echo "$file: exit code $code" >&2; exit $code; fi
done
