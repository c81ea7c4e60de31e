#!/usr/bin/env bash
# Put a folder on the branch gh-pages of $REMOTE, as its only commit.
set -eu
cd "$1"
git init -q -b gh-pages
git add -A
git -c user.name=ci -c user.email=ci@users.noreply.github.com commit -qm "The site"
git push -qf "$REMOTE" gh-pages
