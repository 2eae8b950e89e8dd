#include "module_lines.h"

#include <gtest/gtest.h>

#include <string>

namespace smmuvp::platform {
namespace {

std::vector<ModuleFile> read(const std::string& console) {
  ModuleLines modules;
  ConsoleLines lines([&](const ConsolePiece& piece) { modules.put(piece); });
  lines.put(console);
  lines.finish();
  return modules.files();
}

std::string names(const std::vector<ModuleFile>& files) {
  std::string text;
  for (const ModuleFile& f : files) text += f.name + (f.loaded ? "+" : "-") + std::to_string(f.bytes) + " ";
  return text;
}

const std::string a = "modules: io-pgtable-arm, 28672 bytes, loaded\n";
const std::string b = "modules: arm-smmu, 40960 bytes, not loaded\n";
const std::string both = "modules: 1 of 2 loaded with 28672 bytes, 1 not loaded with 40960 bytes\n";

TEST(ModuleLines, AListIsReadAmongOtherLines) {
  const auto files = read("Module  Size\n[    0.123456] " + a + "[    0.2] module: x: loaded, 28 KiB\n" + b +
                          both + "more\n");
  EXPECT_EQ(names(files), "io-pgtable-arm+28672 arm-smmu-40960 ");
  EXPECT_EQ(total_of(files, true).bytes, 28672u);
  EXPECT_EQ(total_of(files, false).count, 1u);
}

TEST(ModuleLines, TheLastListThatIsWholeCounts) {
  const std::string one =
      "modules: m, 4096 bytes, loaded\nmodules: 1 of 1 loaded with 4096 bytes, 0 not loaded with 0 bytes\n";
  EXPECT_EQ(names(read(a + b + both + one)), "m+4096 ");
  EXPECT_EQ(names(read(one + a + b)), "m+4096 ");
  EXPECT_EQ(names(read(one + a + both)), "m+4096 ") << "a line is missing";
  EXPECT_EQ(names(read(a + both + a + b + both)), "io-pgtable-arm+28672 arm-smmu-40960 ");
}

TEST(ModuleLines, AListWithoutModulesIsOne) {
  EXPECT_EQ(names(read(a + b + both + "modules: 0 of 0 loaded with 0 bytes, 0 not loaded with 0 bytes\n")),
            "");
}

TEST(ModuleLines, WhatIsNoSuchLineIsPassedOver) {
  for (const char* line :
       {"modules: m, bytes, loaded", "modules: m, -1 bytes, loaded", "modules: m, 1 bytes, unloaded",
        "modules: m, 1x bytes, loaded", "modules: , 1 bytes, loaded", "modules: 1 bytes, loaded", "modules: ",
        "modules: m, 99999999999999999999999 bytes, loaded", "modules: m, 1099511627777 bytes, loaded",
        " modules: m, 1 bytes, loaded", "modules: 1 of 1 loaded with 1 bytes, 0 not loaded with 0 bytes.",
        "modules: 1 of 1 loaded with 99999999999999999999999 bytes, 0 not loaded with 0 bytes"}) {
    EXPECT_EQ(names(read(a + line + "\n" + b + both)), "io-pgtable-arm+28672 arm-smmu-40960 ") << line;
  }
  EXPECT_EQ(names(read("modules: " + std::string(65, 'm') + ", 1 bytes, loaded\n" + a + b + both)),
            "io-pgtable-arm+28672 arm-smmu-40960 ");
  // A name may have what the file system lets it have.
  EXPECT_EQ(names(read("modules: a, b, 1 bytes, loaded\nmodules: 1 of 1 loaded with 1 bytes, 0 not loaded "
                       "with 0 bytes\n")),
            "a, b+1 ");
}

TEST(ModuleLines, WhatIsTooMuchIsNotKept) {
  const auto list = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "modules: m, 1 bytes, loaded\n";
    const std::string n = std::to_string(count);
    return text + "modules: " + n + " of " + n + " loaded with " + n + " bytes, 0 not loaded with 0 bytes\n";
  };
  EXPECT_EQ(read(list(ModuleLines::most_files)).size(), ModuleLines::most_files);
  EXPECT_EQ(read(list(ModuleLines::most_files + 1)).size(), 0u);
  EXPECT_EQ(read(list(ModuleLines::most_files + 2)).size(), 0u);
  EXPECT_EQ(names(read(list(ModuleLines::most_files + 5) + a + b + both)),
            "io-pgtable-arm+28672 arm-smmu-40960 ");
}

}  // namespace
}  // namespace smmuvp::platform
