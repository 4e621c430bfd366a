# ISC license.
# Lines of measure (FLOOR, then OURS) -> one line of the table, and with tsv
# one of a file with tab-separated values. Variables: name, title; kind of
# result: ratio (of the least wall times), link (ms by which ours takes longer,
# divided by links) or none; target; tsv: the file, or empty.

BEGIN { FS = "\t" }

{
  side = FILENAME == ARGV[1] ? "floor" : "ours"
  n = ++runs[side]
  # sorted as they come
  for (i = n; i > 1 && wall[side, i - 1] > $1; i--) wall[side, i] = wall[side, i - 1]
  wall[side, i] = $1
  if (n == 1 || $2 < cpu[side]) cpu[side] = $2
  if (n == 1 || $3 < processes[side]) processes[side] = $3
  if ($4 > memory[side]) memory[side] = $4
}

function median(side) {
  n = runs[side]
  return (wall[side, int((n + 1) / 2)] + wall[side, int(n / 2) + 1]) / 2
}
# a time in ms with as many digits as mean something
function ms(t) { return sprintf(t < 10 ? "%.3f" : t < 100 ? "%.1f" : "%.0f", t) }
function ratio(a, b) { return b > 0 ? sprintf("%.2f", a / b) : "-" }

END {
  a = wall["ours", 1]; b = wall["floor", 1]
  result = "-"; cpuresult = ratio(cpu["ours"], cpu["floor"])
  if (kind == "ratio") result = ratio(a, b)
  if (kind == "link") { result = sprintf("%.2f ms", (a - b) / links); cpuresult = sprintf("%.2f ms", (cpu["ours"] - cpu["floor"]) / links) }
  printf "%-36s %8s %8s %8s %7d %6.0f %8s %8s %8s %8s  %s\n", title, ms(a), ms(median("ours")), ms(cpu["ours"]),
    memory["ours"], processes["ours"], ms(b), ms(cpu["floor"]), result, cpuresult, target
  if (tsv == "") exit
  printf "%s\t%s\t%d\t%.3f\t%.3f\t%.3f\t%d\t%.0f\t%.3f\t%.3f\t%.3f\t%d\t%.0f\t%s\t%s\t%s\n", name, title, runs["ours"],
    a, median("ours"), cpu["ours"], memory["ours"], processes["ours"],
    b, median("floor"), cpu["floor"], memory["floor"], processes["floor"], result, cpuresult, target >>tsv
}
