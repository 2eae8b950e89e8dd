#include <gtest/gtest.h>

#include <random>

#include "config.h"

namespace smmuvp::platform {
namespace {

constexpr const char* good = R"(
plugins = ["my plugins"]
name = "test"
[boot]
kernel = "Image"
modules = ["a.ko", "/abs/b.ko"]
init = "init"
bootargs = "x"
files = { "/etc/a" = "a.txt" }
[run]
timeout_sim = "10s"
reset = "pass"
[ram]
type = "memory"
map = [0x40000000]
params = { size = "1MiB", fast = true, n = 3 }
[gic]
type = "gicv2"
map.distributor = ["0xffffffff00000000", "4KiB"]
map.cpu = [0x08010000, 0x2000]
wires = { irq = "cpu0.irq" }
[dma]
type = "testdev"
map = [0x0a000000, 0x1000]
interrupts = { irq = 4, other = "SPI 5", timer = "PPI 11" }
behind = { smmu = "smmu0", tbu = 1, stream = 0x100, count = 2, port = "dma" }
bus = "bus"
)";

PlatformConfig read(const std::string& text) { return read_config_text(text, "t.toml", "/dir"); }

std::string refusal(const std::string& text) {
  try {
    read(text);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

void expect_refused(const std::string& text, const std::string& message) {
  EXPECT_NE(refusal(text).find(message), std::string::npos) << text << "\n gave: " << refusal(text);
}

TEST(Config, EveryKeyIsRead) {
  const PlatformConfig c = read(good);
  EXPECT_EQ(c.name, "test");
  ASSERT_EQ(c.plugin_directories.size(), 1u);
  EXPECT_EQ(c.plugin_directories[0].path, "/dir/my plugins");
  EXPECT_EQ(c.boot.kernel->path, "/dir/Image");
  ASSERT_EQ(c.boot.modules.size(), 2u);
  EXPECT_EQ(c.boot.modules[1].path, "/abs/b.ko");
  EXPECT_EQ(c.boot.init->path, "/dir/init");
  ASSERT_EQ(c.boot.files.size(), 1u);
  EXPECT_EQ(c.boot.files[0].first, "/etc/a");
  EXPECT_EQ(c.run.timeout_sim_ps, 10'000'000'000'000u);
  EXPECT_TRUE(c.run.reset_passes);
  ASSERT_EQ(c.components.size(), 3u);
  EXPECT_EQ(c.components[0].name, "ram");
  EXPECT_EQ(c.components[0].windows.at(0).base, 0x40000000u);
  EXPECT_EQ(c.components[0].params.size(), 3u);
  const ComponentConfig& gic = c.components[1];
  ASSERT_EQ(gic.windows.size(), 2u);
  EXPECT_EQ(gic.windows[0].port, "distributor");
  EXPECT_EQ(gic.windows[0].base, 0xffffffff00000000u);
  EXPECT_EQ(gic.windows[0].size, 4096u);
  EXPECT_EQ(gic.wires.at(0).component, "cpu0");
  const ComponentConfig& dma = c.components[2];
  ASSERT_EQ(dma.interrupts.size(), 3u);
  EXPECT_EQ(dma.interrupts[1].id.text(), "SPI 5");
  EXPECT_EQ(dma.interrupts[2].id.text(), "PPI 11");
  EXPECT_EQ(dma.behind->stream, 0x100u);
  EXPECT_EQ(dma.behind->count, 2u);
  EXPECT_EQ(dma.bus, "bus");
}

TEST(Config, UnknownKeysAreRefusedWithPlaceAndNearestKey) {
  expect_refused("[boot]\nkernal = \"x\"\n[a]\ntype = \"b\"\n",
                 "t.toml:2:1: unknown key 'kernal' in [boot]; did you mean 'kernel'?");
  expect_refused("[a]\ntype = \"b\"\n  interupts = { irq = 1 }\n", "t.toml:3:3: unknown key 'interupts'");
  expect_refused("[a]\ntype = \"b\"\nbehind = { smmu = \"s\", stream = 1, streams = 2 }\n",
                 "unknown key 'streams'");
  expect_refused("plugin = [\"x\"]\n[a]\ntype = \"b\"\n",
                 "t.toml:1:1: unknown key 'plugin'; did you mean 'plugins'?");
  expect_refused("[run]\ntimeout = \"1s\"\n[a]\ntype = \"b\"\n", "t.toml:2:1: unknown key 'timeout'");
  expect_refused("[boots]\nkernel = \"x\"\n", "unknown key 'kernel' in [boots]");
  expect_refused("[boots]\n", "did you mean [boot]?");
}

TEST(Config, SyntaxErrorsHaveLineAndColumn) {
  expect_refused("[a]\ntype = \n", "t.toml:2:");
  expect_refused("[a]\ntype = \"b\"\n[broken\n", "t.toml:3:");
  expect_refused("a = 1\na = 2\n", "t.toml:2:");
  expect_refused("[a]\ntype = \"b\"\n[a]\ntype = \"c\"\n", "t.toml:3:1: TOML syntax: ");
  expect_refused("[a]\ntype = \"b\"\n[a]\ntype = \"c\"\n", "already");
  for (const char* text : {"a = [1\n", "a = {b = 1\n", "a = \n", "a = 1\na = 2\n", "[a]\n[[a]]\n"}) {
    EXPECT_EQ(refusal(text).find("toml::"), std::string::npos) << refusal(text);
    EXPECT_EQ(refusal(text).find("insert_value"), std::string::npos) << refusal(text);
  }
  expect_refused(std::string("a = \"\0\"", 7), "zero byte");
  // Literal strings of ill-formed UTF-8 are what the parser itself reads out of bounds for.
  expect_refused("[a]\n'\xf5'\xe8", "t.toml:2:1: TOML syntax: byte 0xf5 is no UTF-8");
  expect_refused("[a]\ntype = \"\xed\xa0\x80\"\n", "t.toml:2:1: TOML syntax: byte 0xed is no UTF-8");
  EXPECT_EQ(refusal("[a]\ntype = 'gr\u00fc\u00df' # \xe2\x82\xac \xf0\x9f\x99\x82\n"), "");
}

TEST(Config, AMistakeIsNamedAtTheColumnOfItsValueOrKey) {
  // A value: of any type, behind any other, in a list, and at the end of a line that is too long for a
  // screen.
  expect_refused("[a]\ntype = true\n", "t.toml:2:8: ");
  expect_refused("[a]\ntype = 'b'\nmap = [1, 2.5]\n", "t.toml:3:11: ");
  expect_refused("[a]\ntype = 'b'\nmap = [\n  1,\n  0]\n", "t.toml:5:3: ");
  expect_refused("[a]\ntype = 'b'\nbehind = {smmu = 's', stream = 1, tbu = 256}\n", "t.toml:3:41: ");
  const std::string pad(100, ' ');
  expect_refused("[a]\ntype = 'b'\nmap = [" + pad + "1," + pad + "0]\n", "t.toml:3:210: ");
  // A key: bare, quoted, dotted, in a table of one line.
  expect_refused("[a]\ntype = 'b'\n'typo' = 1\n", "t.toml:3:2: unknown key 'typo' in [a]");
  expect_refused("[a]\ntype = 'b'\nbehind.smmu = 's'\nbehind.stream = 1\nbehind.typo = 1\n",
                 "t.toml:5:8: unknown key 'typo' in [a] behind");
  expect_refused("[a]\ntype = 'b'\nbehind = {smmu = 's', stream = 1," + pad + "typo = 1}\n",
                 "t.toml:3:134: unknown key 'typo' in [a] behind");
  const std::string letters(80, 'k');
  expect_refused("[a]\ntype = 'b'\n  " + letters + " = 1\n", "t.toml:3:3: unknown key");
  // A table: its header, or its brace.
  expect_refused("[a]\ntype = 'b'\n[c]\n", "t.toml:3:1: [c] has no 'type'");
  expect_refused("[a]\ntype = 'b'\nbehind = {smmu = 's'}\n", "t.toml:3:10: [a] behind has no 'stream'");
  expect_refused("[a]\ntype = 'b'\n[a.behind]\nsmmu = 's'\n", "t.toml:3:1: [a] behind has no 'stream'");
}

TEST(Config, ComponentsAreInTheFilesOrder) {
  const PlatformConfig c = read(
      "[z]\ntype = 'b'\n[a]\ntype = 'b'\nparams = {y = 1, b = 2, x = 3}\n[m]\ntype = 'b'\n[b.params]\nn = 1\n"
      "[b]\ntype = 'b'\n");
  std::string names;
  for (const ComponentConfig& component : c.components) names += component.name;
  EXPECT_EQ(names, "zamb");
  std::string params;
  for (const ParamSetting& param : c.components.at(1).params) params += param.name;
  EXPECT_EQ(params, "ybx");
}

TEST(Config, WrongTypesAreRefusedAtTheirPlace) {
  expect_refused("[a]\ntype = 3\n", "t.toml:2:8: [a] type must be a text, not a number");
  expect_refused("[boot]\nmodules = \"x\"\n", "t.toml:2:11");
  expect_refused("[a]\ntype = \"b\"\nmap = 5\n", "must be [address, size]");
  expect_refused("[a]\ntype = \"b\"\nmap = [1, 2, 3]\n", "must be [address, size]");
  expect_refused("[a]\ntype = \"b\"\nmap = [1, 0]\n", "size is 0");
  expect_refused("[a]\ntype = \"b\"\nmap = [-1, 4]\n", "negative");
  expect_refused("[a]\ntype = \"b\"\nmap = [\"4 KB\", 4]\n", "is no number");
  expect_refused("[a]\ntype = \"b\"\ninterrupts = { irq = \"spy 4\" }\n", "neither \"SPI <number>\"");
  expect_refused("[a]\ntype = \"b\"\ninterrupts = { irq = 988 }\n", "988 is above 987");
  expect_refused("[a]\ntype = \"b\"\ninterrupts = { irq = 0x3dc }\n", "0x3dc is above 0x3db");
  expect_refused("[a]\ntype = \"b\"\ninterrupts = { irq = \"PPI 16\" }\n", "PPI goes to 15");
  expect_refused("[a]\ntype = \"b\"\nwires = { irq = \"cpu\" }\n", "\"component.port\"");
  expect_refused("[a]\ntype = \"b\"\nbehind = { smmu = \"s\" }\n", "has no 'stream'");
  expect_refused("[a]\ntype = \"b\"\nbehind = { smmu = \"s\", stream = 0x100000000 }\n", "above");
  expect_refused(
      "[a]\ntype = \"b\"\nparams = { x = 8.0 }\n",
      "t.toml:3:16: parameter 'x' must be a whole number, true or false, or a text, not a number with "
      "a fraction");
  expect_refused("[a]\ntype = \"b\"\nparams = { x = [1] }\n", "or a text, not a list");
  expect_refused("[a]\ntype = \"b\"\nparams = { x = ['n', 1] }\n", "or a text, not a list");
  expect_refused("[run]\ntimeout_sim = \"1\"\n", "is no time");
  expect_refused("[run]\ntimeout_sim = \"0s\"\n", "'0s' must be more than 0");
  expect_refused("[run]\nreset = \"maybe\"\n", "neither");
  expect_refused("a = 1\n", "unknown key 'a'");
  expect_refused("", "no components");
  expect_refused("[\"my part\"]\ntype = \"b\"\n", "no name for a component");
}

TEST(Config, NumbersOf63BitsMustBeTexts) {
  expect_refused("[a]\ntype = \"b\"\nmap = [0x7fffffffffffffff, 4]\n", "as text");
  for (const std::string number :
       {"0xffffffffffffffff", "0x8000000000000000", "9223372036854775808", "+9_223_372_036_854_775_808",
        "99999999999999999999", "0o1000000000000000000000",
        "0b1000000000000000000000000000000000000000000000000000000000000000"})
    expect_refused("[a]\ntype = 'b'\nmap = [0, " + number + "]\n",
                   "t.toml:3:11: [a] map: size: write numbers of 63");
  expect_refused("[a]\ntype = 'b'\nmap = [-99999999999999999999, 4]\n", "negative");
  EXPECT_EQ(refusal("[a]\ntype = \"b\"\nmap = [\"0xfffffffffffffff0\", 4]\n"), "");
}

TEST(Config, IntegersMayHaveAnyNotationOfToml) {
  const PlatformConfig c = read(
      "[a]\ntype = 'b'\nparams = {a=1_000, b=+7, c=0xDEAD_beef, d=0o17, e=0b1_01, f=0x7ffffffffffffffe, "
      "g=0}# 1\n");
  std::vector<std::uint64_t> numbers;
  for (const ParamSetting& param : c.components.at(0).params)
    numbers.push_back(std::get<std::uint64_t>(param.value));
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{1000, 7, 0xdeadbeef, 15, 5, 0x7ffffffffffffffe, 0}));
}

TEST(Config, AListOfTextsIsAParameterOfNamesWithCommas) {
  const PlatformConfig c = read("[a]\ntype = 'b'\nparams = { x = ['one', 'two'], y = [] }\n");
  EXPECT_EQ(std::get<std::string>(c.components.at(0).params.at(0).value), "one, two");
  EXPECT_EQ(std::get<std::string>(c.components.at(0).params.at(1).value), "");
}

TEST(Config, SettingsOfTheCommandLineAreAppended) {
  PlatformConfig c = read(good);
  apply_setting(c, "ram.size=2MiB");
  EXPECT_EQ(c.components[0].params.back().name, "size");
  for (const char* bad : {"", "ram", "ram.size", "ram=2", ".a=1", "ram.=1", "rom.size=1"}) {
    EXPECT_THROW(apply_setting(c, bad), ConfigError) << bad;
  }
}

TEST(Config, AFileOfMoreThan64KiBIsRefused) {
  const std::string comment(64 << 10, '#');
  EXPECT_EQ(refusal("[a]\ntype = 'b'\n" + comment.substr(100)), "");
  expect_refused("[a]\ntype = 'b'\n" + comment, "t.toml: the file has more than 64 KiB");
}

TEST(Config, DeepNestingIsRefused) {
  expect_refused("a = " + std::string(50000, '['), "nested too deeply");
  std::string dotted = "a";
  for (int i = 0; i < 30000; ++i) dotted += ".a";
  expect_refused(dotted + " = 1", "nested too deeply");
}

TEST(Config, ATextOfSeveralLinesNeitherHidesNorIsNesting) {
  const std::string deep(200, '[');
  for (const std::string quote : {R"(""")", "'''"}) {
    const std::string one = quote.substr(2);
    for (const std::string& inside :
         {std::string("\n#"), "\n" + one + one + "\n#", std::string("x\n\n[{#")}) {
      for (const std::string& end : {quote, quote + one, quote + one + one}) {
        const std::string text = quote + inside + end;
        expect_refused("a = [" + text + ", " + deep, "nested too deeply");
        EXPECT_EQ(refusal("[a]\ntype = " + text + "\n"), "") << text;
      }
    }
    EXPECT_EQ(refusal("[a]\ntype = " + quote + "\n" + deep + quote + "\n"), "");
  }
  expect_refused("a = [\"\"\"\n\\\"\"\"\n#\"\"\", " + deep, "nested too deeply");
  expect_refused("a = ['''\n\\''', " + deep, "nested too deeply");
}

TEST(Config, AFileWithATextOfSeveralLinesHas300BracketsOrDotsInALineAtMost) {
  expect_refused("x = = \"\"\"\na = " + std::string(301, '['), "more than 300 brackets");
  std::string dotted = "a";
  for (int i = 0; i < 301; ++i) dotted += ".a";
  expect_refused("x = = \"\"\"\n" + dotted, "dots in a line");
  expect_refused("a = [\"\"\"\n#\"\"\", " + std::string(301, '['), "nested too deeply");
}

// Nothing but ConfigError comes out, whatever the file says.
TEST(Config, AnyChangeOfAFileIsTakenOrRefused) {
  std::mt19937 random(1);
  const std::string base = good;
  const std::vector<std::string> words = {
      "[", "]",  "{",  "}",    "=",      "\"",   "\n",         ".",   ",",     "#",
      "'", "\\", "0x", "\xff", "\"\"\"", "true", "1979-05-27", "inf", "[[a]]", "99999999999999999999",
      "-", " "};
  for (int round = 0; round < 5000; ++round) {
    std::string text = base;
    for (auto n = 1 + random() % 3; n > 0; --n) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text.erase(at, random() % 8);
          break;
        case 1:
          text.insert(at, words[random() % words.size()]);
          break;
        case 2:
          text[at] = static_cast<char>(random() & 0xff);
          break;
        default:
          text.resize(at + 1);
          break;
      }
    }
    try {
      read(text);
    } catch (const ConfigError& e) {
      ASSERT_EQ(std::string(e.what()).rfind("t.toml", 0), 0u) << e.what();
    }
  }
}

TEST(Config, AZeroByteInATextOrAKeyIsRefused) {
  for (const char* line :
       {R"(bootargs = "quiet\u0000 x")", R"(init = "in\u0000it")", R"(files = { "/a\u0000b" = "c" })"}) {
    try {
      read(std::string("[boot]\n") + line + "\n[ram]\ntype = \"memory\"\n");
      ADD_FAILURE() << line;
    } catch (const ConfigError& e) {
      EXPECT_NE(std::string(e.what()).find("t.toml:2:"), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find("zero byte"), std::string::npos) << e.what();
    }
  }
}

}  // namespace
}  // namespace smmuvp::platform
