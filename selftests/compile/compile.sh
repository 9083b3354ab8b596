#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Shows that the compiler rejects the bugs in *.rs here, each for its own reason. Every file is compiled
# twice, with the kernel's own flags:
#
# - with `--cfg fault` it must give exactly the errors that its `//~` marks announce, each on the line of its
#   mark: `//~ E0505`, or `//~ E0277 part of the message`, or the text alone where there is no error code;
#   `//~^` stands for the line above;
# - without it must compile, without a warning. So nothing but the fault is rejected.
#
# A file that says `//! Needs: Linux 7.3` is skipped on older kernels.
#
# checker/*.rs are wrong on purpose: of each, this script must complain as the file says.

here=$(cd "$(dirname "$0")" && pwd -P) || exit 2
cases=$here

usage() {
	cat <<-END
	usage: $0 BUILD OUT [NAME...]
	       $0 --list | --table

	BUILD    directory in which the modules were built
	OUT      directory for the results: compile.ktap, compile/NAME.log
	NAME     run only these
	--list   print all names
	--table  print what is rejected and why, as Markdown
	END
}

die() {
	printf '%s: %s\n' "$0" "$1" >&2
	shift
	[ $# = 0 ] || printf '  %s\n' "$@" >&2
	exit 2
}

all_names() {
	(cd "$cases" && printf '%s\n' *.rs checker/*.rs) | sed 's/\.rs$//'
}

# The marks of a file: LINE, CODE or -, TEXT.
marks() {
	awk '{ at = index($0, "//~") }
		!at { next }
		{
			text = substr($0, at + 3)
			line = FNR
			while (sub(/^\^/, "", text))
				line--
			sub(/^ /, "", text)
			code = "-"
			if (text ~ /^E[0-9][0-9][0-9][0-9]($| )/) {
				code = substr(text, 1, 5)
				text = substr(text, 7)
			}
			print line "\t" code "\t" text
		}' "$1"
}

# The errors in what rustc said, in the same form; line 0 if it named none.
errors() {
	awk '
		function flush() {
			if (code != "")
				print line + 0 "\t" code "\t" message
			code = ""
		}
		/^(error|warning)(\[|:)/ { flush() }
		/^error: aborting due to / { next }
		/^error(\[E[0-9]+\])?: / {
			message = $0
			sub(/^error(\[E[0-9]+\])?: /, "", message)
			code = /^error\[/ ? substr($0, 7, 5) : "-"
			line = ""
		}
		/^ *--> / && line == "" { n = split($2, at, ":"); line = at[n - 1] }
		END { flush() }' "$1"
}

# The text of `//! KEY: text` at the top of a file, which may go on for several lines.
doc() {
	awk -v key="$2" '
		found && /^\/\/! ./ { text = text " " substr($0, 5); next }
		found { exit }
		index($0, "//! " key) == 1 { found = 1; text = $0; sub(/^[^:]*: /, "", text) }
		END { print text }' "$1"
}

table() {
	local name file
	echo "| fragment | class | the bug | why it is rejected | error |"
	echo "|---|---|---|---|---|"
	for name in "${names[@]}"; do
		file=$cases/$name.rs
		case $name in checker/*) continue ;; esac
		# shellcheck disable=SC2016  # Markdown.
		printf '| `%s` | %s | %s | %s | %s |\n' "$name" \
			"$(sed -n 's,^//! Class \([A-Z]\): .*,\1,p' "$file")" \
			"$(doc "$file" 'Class')" "$(doc "$file" 'Rejected')" \
			"$(marks "$file" | awk -F '\t' '{ printf "%s%s", sep, $2 == "-" ? $3 : $2; sep = ", " }')"
	done
}

# ---- The compiler ----

# Sets `rustc` to what kbuild compiled the crate with, without what it read and wrote then, and `kernel` to the
# version of the kernel.
find_compiler() {
	local recipe=$build/.rust_tasklet_crate.o.cmd command words word skip="" tool=""
	[ -d "$build" ] || die "there is no directory $build"
	if [ ! -e "$recipe" ] || [ ! -e "$build/librust_tasklet.rmeta" ]; then
		die "rust_tasklet was not built in $build" "Build it first: make modules"
	fi
	command=$(sed -n '1s/^savedcmd_[^ ]* := //p' "$recipe")
	# Other tools may come after rustc. The rest undoes what kbuild does for make.
	command=${command%%;*}
	command=${command//\$(pound)/#}
	command=${command//\$\$/\$}
	set -f
	eval "words=($command)"
	set +f
	rustc=(env RUSTC_BOOTSTRAP=1)
	for word in "${words[@]}"; do
		if [ -n "$skip" ]; then
			skip=""
			continue
		fi
		case $word in
		--out-dir | --crate-name | -o) skip=yes ;;
		--emit=* | --out-dir=* | --crate-name=* | *.rs) ;;
		*=*) rustc+=("$word") ;;
		*)
			# The first word that sets no variable. `make CLIPPY=1` takes another compiler.
			[ -n "$tool" ] || word=${word/%clippy-driver/rustc} tool=$word
			rustc+=("$word")
			;;
		esac
	done
	# What the modules were built for.
	kernel=$(modinfo -F vermagic "$build/rust_tasklet.ko") || die "rust_tasklet was not linked in $build"
	command -v "${tool:-none}" >/dev/null || die "the compiler of the modules is not here: ${tool:-unknown}"
	rustc+=(--extern rust_tasklet=librust_tasklet.rmeta --check-cfg 'cfg(fault)' --color never)
}

# compile FILE LOG FLAG...
compile() {
	local file=$1 log=$2 products
	shift 2
	products=$(mktemp -d -p "$scratch") || return
	# Relative paths in the command start there. A name like that of another crate would confuse rustc.
	(cd "$build" && "${rustc[@]}" --crate-name misuse --emit=metadata --out-dir "$products" "$@" "$file") \
		>"$log" 2>&1
}

# Whether rustc takes it, without a warning. Code of a fragment is not called and not documented.
compile_twin() { compile "$1" "$2" -Dwarnings -Funsafe_code -Adead_code -Amissing_docs; }

# Sets `twins_compile` if those of all fragments compile together: then each of them does, and need not be tried.
compile_all_twins() {
	local name
	twins_compile=""
	for name in "${names[@]}"; do
		is_skipped "$name" || [[ $name == checker/* ]] || printf '#[path = "%s"]\nmod %s;\n' "$cases/$name.rs" "$name"
	done >"$scratch/twins.rs"
	! compile_twin "$scratch/twins.rs" "$scratch/twins.log" || twins_compile=yes
}

# is_skipped NAME: does it need a newer kernel?
is_skipped() {
	local needs
	needs=$(doc "$cases/$1.rs" "Needs")
	[ -n "$needs" ] && ! printf '%s\n' "${needs#Linux }" "${kernel%% *}" | sort -CV
}

# ---- The checker ----

# Everything that is wrong with a file, one complaint a line.
complaints() {
	local file=$1 log=$2 status=0
	# The text after a comment sign is no code; no string here has one. An attribute is what a fault may be.
	if sed 's,//.*,,; s,#\[unsafe(,,' "$file" | grep -qw unsafe; then
		echo "uses unsafe code, which proves nothing"
	fi
	[ -n "$(marks "$file")" ] || echo "has no mark"

	# Warnings are no rejection, and a kernel may be set to make errors of them.
	compile "$file" "$log" --cfg fault --cap-lints warn || status=$?
	[ "$status" != 0 ] || echo "with the fault, it compiles"
	awk -F '\t' '
		NR == FNR { code[$1] = $2; text[$1] = $3; next }
		# rustc may say the same of several parts of a line.
		$1 in code && $2 == code[$1] && index($3, text[$1]) { seen[$1] = 1; next }
		{ printf "line %d: unexpected error %s: %s\n", $1, $2, $3 }
		END {
			for (line in code)
				if (!(line in seen))
					printf "line %d: no error %s %s\n", line, code[line], text[line]
		}' <(marks "$file") <(errors "$log")

	[ -z "$twins_compile" ] || [[ $file == */checker/* ]] || return 0
	if ! compile_twin "$file" "$log.twin"; then
		errors "$log.twin" |
			awk -F '\t' '{ printf "without the fault, line %d: %s: %s\n", $1, $2, $3; n++ }
				END { if (!n) print "without the fault, it does not compile" }'
		cat "$log.twin" >>"$log"
	fi
	rm -f "$log.twin"
}

# judge NAME: leaves in $scratch/NAME what is wrong; nothing if all is well; in $scratch/NAME.needs why it
# cannot be judged.
judge() {
	local file=$cases/$1.rs found=$scratch/$1 due
	if is_skipped "$1"; then
		doc "$file" "Needs" >"$found.needs"
		return
	fi
	complaints "$file" "$OUT/compile/$1.log" >"$found.found"
	case $1 in
	checker/*)
		due=$(doc "$file" "Complaint")
		if [ -z "$due" ] || ! grep -qF -- "$due" "$found.found"; then
			{
				echo "the checker did not complain: $due"
				cat "$found.found"
			} >"$found"
		fi
		;;
	*) mv "$found.found" "$found" ;;
	esac
	[ -e "$found" ] || : >"$found"
}

# What a good case shows on the screen.
remark() {
	case $1 in
	checker/*) printf 'found: %s' "$(doc "$cases/$1.rs" "Complaint")" ;;
	*) errors "$OUT/compile/$1.log" | head -n 1 | cut -f 2,3 --output-delimiter=' ' | sed 's/^- //' | cut -c -76 ;;
	esac
}

# ---- All of it ----

mapfile -t names < <(all_names)
case ${1-} in
--list) printf '%s\n' "${names[@]}"; exit ;;
--table) table; exit ;;
esac
if [ $# -lt 2 ]; then
	usage >&2
	exit 2
fi
if [ $# -gt 2 ]; then
	for name in "${@:3}"; do
		printf '%s\n' "${names[@]}" | grep -qxF -- "$name" || die "there is no case $name; $0 --list prints all"
	done
	names=("${@:3}")
fi
build=$(realpath -m -- "$1")
find_compiler
mkdir -p "$2/compile/checker" || die "cannot write to $2"
OUT=$(realpath -- "$2")
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/checker" || exit 2

compile_all_twins
jobs=$(getconf _NPROCESSORS_ONLN)
passed=0 failed=0 next=0 pids=()
{
	echo "KTAP version 1"
	echo "1..${#names[@]}"
} >"$OUT/compile.ktap"

for ((i = 0; i < ${#names[@]}; i++)); do
	# A few are always at work, and all are reported in order.
	while ((next < ${#names[@]} && next < i + jobs)); do
		judge "${names[next]}" &
		pids[next]=$!
		next=$((next + 1))
	done
	name=${names[i]} number=$((i + 1)) verdict="not ok" skip=""
	if wait "${pids[i]}" && [ -e "$scratch/$name" ] && [ ! -s "$scratch/$name" ]; then
		verdict="ok"
		passed=$((passed + 1))
		printf 'ok    %-30s %s\n' "$name" "$(remark "$name")"
	elif [ -e "$scratch/$name.needs" ]; then
		verdict="ok" skip="needs $(<"$scratch/$name.needs")"
		printf 'skip  %-30s %s\n' "$name" "$skip"
	else
		failed=$((failed + 1))
		printf 'FAIL  %-30s see %s\n' "$name" "compile/$name.log"
		sed 's/^/      | /' "$scratch/$name"
	fi
	{
		[ ! -e "$scratch/$name" ] || sed 's/^/# /' "$scratch/$name"
		echo "$verdict $number $name${skip:+ # SKIP $skip}"
	} >>"$OUT/compile.ktap"
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
