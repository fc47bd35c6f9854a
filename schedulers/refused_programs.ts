/**
 * Programs that run whatever text or program they are given: with one of these an adapter could do anything, and a
 * mistake in it would. A scheduler's own programs do one thing each.
 */
const RUN_ANYTHING: readonly RegExp[] = [
  /^(?:ba|da|a|z|k|mk|pdk|ok|lk|c|tc|fi|r|ya|posh|elvi|xon|nu)?sh[\d.-]*(?:-static)?$/i,
  /^(?:fish|busybox|toybox|posh|pwsh|elvish|nu)$/i,
  /^(?:python|pypy|perl|ruby|lua|luajit|node|nodejs|deno|bun|php|tclsh|wish|expect|guile|ocaml|julia|R|Rscript|java)[\d.-]*$/i,
  /^[mgn]?awk$|^(?:sed|ed|ex|vi|vim|emacs|make|gmake|ninja|m4|gdb|strace|ltrace)$/i,
  /^(?:env|xargs|find|parallel|nohup|setsid|setpriv|nice|ionice|chrt|taskset|numactl|timeout|time|stdbuf|script|watch)$/i,
  /^(?:sudo|su|doas|pkexec|runuser|chroot|unshare|nsenter|fakeroot|ssh|rsh|pdsh|clush|mosh|scp|rsync|curl|wget)$/i,
  /^(?:docker|podman|apptainer|singularity|systemd-run|dbus-run-session|eval|exec|command|source)$/i,
];

export const runsAnything = (program: string): boolean => RUN_ANYTHING.some((pattern) => pattern.test(program));

/** A name that is looked for on PATH. */
export const isBareName = (program: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(program);
