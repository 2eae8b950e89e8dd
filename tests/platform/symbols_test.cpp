// Names of functions for program counters: of ELF files, System.maps, and modules that tell where they are.
#include "symbols.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "config.h"
#include "smmuvp/base/error.h"

namespace smmuvp::platform {
namespace {

class SymbolsOf : public testing::Test {
 protected:
  SymbolsOf() {
    const char* folder = std::getenv("TMPDIR");
    path = std::string(folder != nullptr ? folder : "/tmp") + "/symbols-" + std::to_string(getpid());
  }
  ~SymbolsOf() override { unlink(path.c_str()); }
  void write(const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
  void print(const std::string& line) { symbols.put({line, 1, true, true}); }

  std::string name(std::uint64_t pc) { return symbols.place(pc).name; }
  std::vector<std::string> functions(std::uint64_t pc) { return symbols.place(pc).functions; }

  std::string path;
  Symbols symbols;
};

TEST_F(SymbolsOf, ASystemMapNamesFunctionsUpToTheNextOne) {
  write(
      "ffff800080000000 T _text\nffff800080000100 t first\nffff800080000200 D data\nffff800080000300 W "
      "last\n");
  symbols.add_file(path);
  EXPECT_EQ(name(0xffff'8000'8000'0104), "first+0x4");
  EXPECT_EQ(functions(0xffff'8000'8000'02ff), std::vector<std::string>{"first"});
  EXPECT_EQ(name(0xffff'8000'8000'0300), "last+0x0");
  EXPECT_EQ(name(0xffff'8000'8001'0300), "") << "too far away";
  EXPECT_EQ(name(0x1000), "");
}

TEST_F(SymbolsOf, WhatIsNoSymbolFileIsRefusedByName) {
  for (const std::string& text :
       {std::string(),
        std::string("\x7f"
                    "ELF"),
        std::string(100, '\0'), std::string("ffff T\n"), std::string("hello\n"), std::string(1 << 20, 'f'),
        std::string("\x7f"
                    "ELF\2\1\1") +
            std::string(57, '\xff'),
        std::string("ffff800080000000 T _text\ngarbage\n")}) {
    write(text);
    try {
      symbols.add_file(path);
      ADD_FAILURE() << text.substr(0, 20);
    } catch (const ConfigError& e) {
      EXPECT_NE(std::string(e.what()).find("--symbols " + path + ": "), std::string::npos) << e.what();
    }
  }
  EXPECT_THROW(symbols.add_file("/nonexistent"), ConfigError);
  EXPECT_THROW(symbols.add_file("/dev/zero"), ConfigError);
}

// Each byte of a real file's headers and tables is changed once; nothing but an answer or a refusal comes.
TEST_F(SymbolsOf, AFileThatIsDamagedIsRefusedOrRead) {
  std::ifstream in(std::string(SMMUVP_TEST_MODULE), std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  if (whole.empty()) GTEST_SKIP() << "the guest is not built: there is no " << SMMUVP_TEST_MODULE;
  for (std::size_t at = 0; at < whole.size(); at += at < 64 ? 1 : whole.size() / 40) {
    for (const char with : {'\0', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = with;
      write(damaged);
      std::string error;
      read_symbol_file(path, error);
    }
    write(whole.substr(0, at));
    std::string error;
    EXPECT_FALSE(read_symbol_file(path, error) && at < 64);
  }
}

TEST_F(SymbolsOf, AModuleIsWhereTheGuestSaysThatItIs) {
  BootConfig boot;
  boot.modules = {{SMMUVP_TEST_MODULE, "", {}}};
  symbols.add(boot);
  std::string error;
  const auto file = read_symbol_file(SMMUVP_TEST_MODULE, error);
  if (!file) GTEST_SKIP() << "the guest is not built: " << error;
  EXPECT_TRUE(file->module);
  EXPECT_EQ(file->module_name, "testdev_dma");
  const FileSymbol& any = file->symbols[file->symbols.size() / 2];
  const std::uint64_t base = 0xffff'8000'0001'7000;
  EXPECT_EQ(name(base + any.address), "");
  print("module: testdev_dma: loaded, 64 KiB at ffff800000017000");
  const std::vector<std::string> found = functions(base + any.address);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.back(), any.name);
  EXPECT_NE(name(base + any.address).find(".c:"), std::string::npos) << "by the .ko.debug beside it";
  EXPECT_EQ(name(base + 0xfff0), "testdev_dma+0xfff0");
  EXPECT_EQ(name(base + 0x10000), "");
  print("module: other: loaded, 4 KiB at ffff800000017000");  // in its place
  EXPECT_EQ(name(base), "other+0x0");
  EXPECT_EQ(name(base + 0x1000), "");
}

TEST_F(SymbolsOf, OtherLinesSayNothing) {
  for (const char* line :
       {"module: m: loaded, 64 KiB at", "module: m: loaded, 0 KiB at 1000",
        "module: m: loaded, 64 KiB at 1000 ", "module: m: loaded, 64 KiB at ffffffffffffffff",
        "module: m: loaded, 99999999 KiB at 1000", "module: m: unloaded", "module: "}) {
    print(line);
    EXPECT_EQ(name(0x1000), "") << line;
  }
}

}  // namespace
}  // namespace smmuvp::platform
