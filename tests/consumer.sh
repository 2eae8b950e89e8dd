#!/bin/sh
# Installs into a folder of its own, then builds examples/consumer from there, with find_package and with pkg-config.
# usage: consumer.sh SOURCE BUILD CXX [FLAGS]
set -eu
source=$1 build=$2 cxx=$3 flags=${4:-}
work=$build/consumer
rm -rf "$work"
mkdir -p "$work"
cmake --install "$build" --prefix "$work/prefix" >"$work/install.log"

echo '== find_package'
cmake -S "$source/examples/consumer" -B "$work/cmake" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_CXX_FLAGS="$flags" \
	-DCMAKE_PREFIX_PATH="$work/prefix" >"$work/configure.log"
cmake --build "$work/cmake" >"$work/build.log"
cd "$work"
"$work/cmake/consumer" | tee "$work/out"
grep -q 'soc1.smmu smmu.translate' "$work/out"  # two of one name are told apart
"$work/cmake/nested"
"$work/cmake/foreign"
"$work/cmake/smmuv2"

echo '== pkg-config'
export PKG_CONFIG_PATH="$work/prefix/lib/pkgconfig"
for program in main nested foreign smmuv2; do
	# shellcheck disable=SC2046,SC2086
	"$cxx" -std=c++17 $flags -o "$work/$program" "$source/examples/consumer/$program.cpp" \
		$(pkg-config --cflags --libs smmu-vp) "-Wl,-rpath,$work/prefix/lib"
	"$work/$program"
done

echo '== no library or program names the folders it was built in'
for file in "$work"/prefix/bin/* "$work"/prefix/lib/*.so "$work"/prefix/lib/smmu-vp/*.so; do
	objcopy --strip-debug "$file" "$work/stripped"
	strings "$work/stripped" >"$work/strings"
	# A compiler cache may have made a path relative: no file of ours is named at all.
	if grep -e "$source" -e "$build" -e '\(models\|pgtable\|platform\|smmuv3\)/.*\.\(cpp\|h\)$' \
		"$work/strings" >"$work/found"; then
		echo "$file names a source file:"
		cat "$work/found"
		exit 1
	fi
done
if grep -rF -e "$source" -e "$build" "$work"/prefix/lib/cmake "$work"/prefix/lib/pkgconfig; then exit 1; fi

echo '== the installed program finds its plugins and its guest'
"$work/prefix/bin/smmu-vp" components
if [ -d "$work/prefix/share/smmu-vp/guest" ]; then
	"$work/prefix/bin/smmu-vp" run "$work/prefix/share/smmu-vp/vp-configs/gki-smmuv3.toml" >"$work/console"

	echo '== the bare-metal example, as docs/bare-metal.md builds it'
	cp -r "$work/prefix/share/smmu-vp/examples/bare-metal" "$work"
	make -C "$work/bare-metal" >"$work/build.log"
	"$work/prefix/bin/smmu-vp" run "$work/bare-metal/platform.toml"
fi
