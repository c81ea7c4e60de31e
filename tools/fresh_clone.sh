#!/usr/bin/env bash
# Run a command in a new clone of the last commit, as a stranger would: an empty HOME, no cache, none of our variables.
#
#     tools/fresh_clone.sh [--without-browser] [--without-node] [--offline | --offline-after FILE] COMMAND...
#     tools/fresh_clone.sh --without-browser make test TESTARGS='-k environment'
#     tools/fresh_clone.sh --offline-after .venv/.installed make test
#
# --without-browser hides Chromium, --without-node the machine's node and npm. --offline lets pip and npm reach nothing;
# --offline-after makes FILE first, with the network. KEEP=1 keeps the clone and prints where it is. The exit status is the
# command's, and its last line is the last line here.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
[ -n "${KEEP:-}" ] && echo "Kept: $scratch" || trap 'rm -rf "$scratch"' EXIT

settings=(HOME="$scratch/home" TMPDIR="$scratch/tmp")
# A port that nobody listens on; "-u" takes a variable away.
nothing=(-u PIP_FIND_LINKS PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL=http://127.0.0.1:9/ PIP_TIMEOUT=2
         npm_config_registry=http://127.0.0.1:9/)
offline=no first=
while [ $# -gt 0 ]; do
    case $1 in
        --without-browser) settings+=(MOMBOOK_CHROMIUM=none) ;;
        --without-node)
            # The same programs but these, each by a link.
            mkdir "$scratch/bin"
            IFS=: read -ra folders <<<"$PATH"
            for folder in "${folders[@]}"; do
                find -L "$folder" -maxdepth 1 -type f -perm -u+x ! -name 'node*' ! -name 'np[mx]' -print0 2>/dev/null |
                    xargs -0 -r sh -c 'for program; do [ -e "$0/${program##*/}" ] || ln -s "$program" "$0"; done' "$scratch/bin"
            done
            settings+=(PATH="$scratch/bin") ;;
        --offline) offline=yes ;;
        --offline-after) offline=yes first=$2; shift ;;
        *) break ;;
    esac
    shift
done
mkdir "$scratch/home" "$scratch/tmp"
git clone -q --no-hardlinks "$root" "$scratch/clone"
cd "$scratch/clone"
unset_names=(PYTHONPATH VIRTUAL_ENV MAKEFLAGS MFLAGS MAKELEVEL XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME PIP_CACHE_DIR
             npm_config_cache JUPYTER_CONFIG_DIR JUPYTER_DATA_DIR)
for name in "${unset_names[@]}"; do unset "$name"; done
[ -z "$first" ] || env "${settings[@]}" make "$first"
[ $offline = no ] || settings=("${nothing[@]}" "${settings[@]}")
status=0
env "${settings[@]}" "$@" || status=$?
exit "$status"
