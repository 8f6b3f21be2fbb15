#!/usr/bin/env bash
# Publishes what the registry does not have. Only here it is known where the repository is, and npm's proof of origin wants it
# in each package.
set -euo pipefail
cd "$(dirname "$0")/.."
url="${GITHUB_SERVER_URL:?}/${GITHUB_REPOSITORY:?}"
for name in sdk runtime formats cli; do
  (
    cd "packages/$name"
    npm pkg set repository.type=git "repository.url=git+$url.git" "repository.directory=packages/$name" \
      "homepage=$url#readme" "bugs.url=$url/issues"
  )
done
npm run build
npm run package-check
npx changeset publish
