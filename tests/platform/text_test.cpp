// Small parsers and printers: durations, UTF-8, SHA-256, command line.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "duration.h"
#include "exit_codes.h"
#include "options.h"
#include "sha256.h"
#include "smmuvp/base/error.h"

namespace smmuvp::platform {
namespace {

TEST(Duration, TakesANumberWithAUnit) {
  const std::vector<std::pair<const char*, std::uint64_t>> good = {{"7ps", 7},
                                                                   {"3ns", 3000},
                                                                   {"20us", 20'000'000},
                                                                   {"500ms", 500'000'000'000},
                                                                   {"10s", 10'000'000'000'000},
                                                                   {"1.5s", 1'500'000'000'000},
                                                                   {"0.25 ms", 250'000'000},
                                                                   {"2min", 120'000'000'000'000},
                                                                   {"1h", 3600'000'000'000'000}};
  for (const auto& [text, ps] : good) {
    std::uint64_t value = 0;
    EXPECT_TRUE(parse_duration(text, value)) << text;
    EXPECT_EQ(value, ps) << text;
  }
}

TEST(Duration, RefusesWhatIsNoTimeOrDoesNotFit) {
  for (const char* text : {"", "10", "s", "10 parsecs", "-1s", "1.2.3s", ".5s", "5.s", "1e3s", "99999999h",
                           "18446744073709551616ps", "10s "}) {
    std::uint64_t value = 0;
    EXPECT_FALSE(parse_duration(text, value)) << text;
  }
}

TEST(Duration, PrintsTheLargestUnitThatLeavesAWholePart) {
  EXPECT_EQ(duration_text(0), "0 ps");
  EXPECT_EQ(duration_text(999), "999 ps");
  EXPECT_EQ(duration_text(1500), "1.5 ns");
  EXPECT_EQ(duration_text(1'000'000'000'000), "1 s");
  EXPECT_EQ(duration_text(61'234'567'890'123), "61.234567 s");
}

// FIPS 180-4 examples, as published by NIST.
TEST(Sha256, GivesTheDigestsOfTheStandardsExamples) {
  Sha256 empty;
  EXPECT_EQ(empty.hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Sha256 abc;
  abc.update("abc");
  EXPECT_EQ(abc.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 two;
  two.update("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
  EXPECT_EQ(two.hex(), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  Sha256 million;
  for (int i = 0; i < 1000; ++i) million.update(std::string(1000, 'a'));
  EXPECT_EQ(million.hex(), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnHowTheInputIsCut) {
  const std::string text(200, 'x');
  Sha256 whole;
  whole.update(text);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 parts;
    parts.update(text.substr(0, cut));
    parts.update(text.substr(cut));
    EXPECT_EQ(parts.hex(), whole.hex()) << cut;
  }
}

CommandLine parsed(std::vector<const char*> words) {
  words.insert(words.begin(), "smmu-vp");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

std::string refusal(std::vector<const char*> words) {
  try {
    parsed(std::move(words));
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

TEST(CommandLine, TakesEveryOptionOfRun) {
  const CommandLine line = parsed({"run",
                                   "a.toml",
                                   "--console",
                                   "--set",
                                   "a.b=c",
                                   "--set",
                                   "d.e=f",
                                   "--append",
                                   "x=1 y",
                                   "--kernel",
                                   "Image.gz",
                                   "--initrd",
                                   "i.cpio",
                                   "--dtb",
                                   "d.dtb",
                                   "--timeout-sim",
                                   "10s",
                                   "--timeout-wall",
                                   "2s",
                                   "--strict",
                                   "--allow",
                                   "site=2",
                                   "--min-tests",
                                   "7",
                                   "--fail-on",
                                   "a+b",
                                   "--no-default-fail-on",
                                   "--console-limit",
                                   "2MiB",
                                   "--name",
                                   "nightly",
                                   "--json",
                                   "j",
                                   "--junit",
                                   "u",
                                   "--console-file",
                                   "c",
                                   "--trace",
                                   "smmu.*,memory.read",
                                   "--trace-file",
                                   "t",
                                   "--quiet",
                                   "--color",
                                   "never"});
  EXPECT_EQ(line.command, CommandLine::Command::Run);
  EXPECT_EQ(line.config, "a.toml");
  EXPECT_TRUE(line.run.console && line.run.strict && line.run.quiet);
  EXPECT_EQ(line.run.settings, (std::vector<std::string>{"a.b=c", "d.e=f"}));
  ASSERT_EQ(line.run.allow.size(), 1u);
  EXPECT_EQ(line.run.allow[0].site, "site");
  EXPECT_EQ(line.run.allow[0].most, 2u);
  EXPECT_EQ(line.run.min_tests, 7u);
  EXPECT_EQ(line.run.fail_on, std::vector<std::string>{"a+b"});
  EXPECT_EQ(line.run.console_limit, 2u << 20);
  EXPECT_EQ(line.run.name, "nightly");
  EXPECT_EQ(line.run.words.front(), "run");
  EXPECT_EQ(line.run.words.back(), "never");
  EXPECT_EQ(line.run.append, "x=1 y");
  EXPECT_EQ(line.run.kernel, "Image.gz");
  EXPECT_EQ(line.run.initrd, "i.cpio");
  EXPECT_EQ(line.run.dtb, "d.dtb");
  EXPECT_EQ(line.run.timeout_sim_ps, 10'000'000'000'000u);
  EXPECT_EQ(line.run.timeout_wall_ps, 2'000'000'000'000u);
  EXPECT_EQ(line.run.trace, (std::vector<std::string>{"smmu.*", "memory.read"}));
  EXPECT_EQ(line.run.colour, Colour::Never);
}

TEST(CommandLine, RefusesMistakesAndNamesTheNearestWord) {
  EXPECT_NE(refusal({"rum", "a.toml"}).find("did you mean 'run'"), std::string::npos);
  EXPECT_NE(refusal({"run", "a.toml", "--strictt"}).find("did you mean '--strict'"), std::string::npos);
  EXPECT_NE(refusal({"run"}).find("smmu-vp run CONFIG"), std::string::npos);
  EXPECT_NE(refusal({"run", "a", "b"}), "");
  EXPECT_NE(refusal({"run", "a", "--timeout-sim", "10"}).find("no time"), std::string::npos);
  EXPECT_NE(refusal({"run", "a", "--timeout-sim", "0s"}).find("'0s' must be more than 0"), std::string::npos);
  EXPECT_NE(refusal({"run", "a", "--color", "pink"}), "");
  EXPECT_NE(refusal({"run", "a", "--json", ""}), "");
  EXPECT_NE(refusal({"check", "a", "--strict"}).find("takes no --strict"), std::string::npos);
  EXPECT_NE(refusal({"dtb", "a", "-o", "b", "--name", "c"}).find("takes no --name"), std::string::npos);
  EXPECT_NE(refusal({"compar", "a", "b"}).find("did you mean 'compare'"), std::string::npos);
  EXPECT_NE(refusal({"dtb", "a"}).find("-o FILE"), std::string::npos);
  EXPECT_NE(refusal({}), "");
}

TEST(Help, ListsEveryExitCode) {
  const std::string help = help_text();
  for (const ExitCodeInfo& i : exit_codes()) {
    EXPECT_NE(help.find(std::to_string(static_cast<int>(i.code)) + "  " + i.name), std::string::npos)
        << i.name;
  }
}

}  // namespace
}  // namespace smmuvp::platform
