#!/bin/sh
# sh install.sh nsfarm-deno-VERSION-ARCH-linux.tar.gz PREFIX
# Unpacks to PREFIX/nsfarm-deno-VERSION and moves the link PREFIX/bin/nsfarm-deno to it; earlier versions stay, so that
# runs that were begun with them end with them. SHA256SUMS must lie beside the archive.
set -eu

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

[ $# -eq 2 ] || fail "wanted: sh install.sh nsfarm-deno-VERSION-ARCH-linux.tar.gz PREFIX"
folder=$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd -P)
file=$(basename -- "$1")
case $file in
nsfarm-deno-*-linux.tar.gz) ;;
*) fail "\"$file\" is no archive of nsfarm-deno" ;;
esac
version=${file#nsfarm-deno-}
version=${version%-*-linux.tar.gz}

grep -q "  $file\$" "$folder/SHA256SUMS" 2>/dev/null || fail "\"$folder/SHA256SUMS\" has no sum of $file"
(cd "$folder" && grep "  $file\$" SHA256SUMS | sha256sum -c - >/dev/null 2>&1) ||
  fail "the sha256 of \"$folder/$file\" is not the one in SHA256SUMS: copy both again"

mkdir -p "$2/bin"
prefix=$(CDPATH='' cd -- "$2" && pwd -P)
new=$prefix/.nsfarm-deno-$version.$$
trap 'rm -rf "$new" "$prefix/bin/.nsfarm-deno.$$"' EXIT
mkdir "$new"
tar -xzf "$folder/$file" -C "$new" --strip-components=1 --no-same-owner
"$new/bin/nsfarm-deno" --version >/dev/null ||
  fail "the program does not start here ($(getconf GNU_LIBC_VERSION 2>/dev/null || echo no glibc); it needs glibc {{glibc}})"
if [ -d "$prefix/nsfarm-deno-$version" ]; then
  cmp -s "$new/bin/nsfarm-deno" "$prefix/nsfarm-deno-$version/bin/nsfarm-deno" ||
    fail "\"$prefix/nsfarm-deno-$version\" holds another program of this version: remove it first"
else
  mv "$new" "$prefix/nsfarm-deno-$version"
fi
ln -s "../nsfarm-deno-$version/bin/nsfarm-deno" "$prefix/bin/.nsfarm-deno.$$"
mv -f "$prefix/bin/.nsfarm-deno.$$" "$prefix/bin/nsfarm-deno"
"$prefix/bin/nsfarm-deno" --version
