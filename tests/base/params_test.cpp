#include "smmuvp/base/params.h"

#include <gtest/gtest.h>

#include <functional>

namespace smmuvp {
namespace {

std::vector<ParamInfo> table() {
  return {{"coherent", ParamType::Bool, "true", "doc"},
          {"oas", ParamType::Uint, "44", "doc", 32, 52},
          {"word", ParamType::Text, "", "doc"},
          {"file", ParamType::Path, "", "doc"},
          {"mode", ParamType::Choice, "on", "doc", 0, 0, {"on", "off"}}};
}

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

TEST(Params, StartAtTheirDefaults) {
  const Params p(table());
  EXPECT_TRUE(p.flag("coherent"));
  EXPECT_EQ(p.uint("oas"), 44U);
  EXPECT_EQ(p.text("mode"), "on");
}

TEST(Params, AreSetFromText) {
  Params p(table());
  p.set("oas", "0x28");
  p.set("coherent", "false");
  p.set("mode", "off");
  EXPECT_EQ(p.uint("oas"), 40U);
  EXPECT_FALSE(p.flag("coherent"));
  EXPECT_EQ(p.text("mode"), "off");
}

TEST(Params, APathIsATextOfItsOwnType) {
  Params p(table());
  p.set("file", "a/b c");
  p.set("word", "a/b c");
  EXPECT_EQ(p.text("file"), "a/b c");
  EXPECT_EQ(p.value_text("file"), "a/b c");
  EXPECT_EQ(p.type("file"), ParamType::Path);
  EXPECT_EQ(p.type("word"), ParamType::Text);
  EXPECT_NE(error_of([&] { p.set("file", std::uint64_t{1}); }), "");
  EXPECT_NE(error_of([&] { p.uint("file"); }), "");
  EXPECT_NE(error_of([&] { p.type("fil"); }).find("did you mean 'file'"), std::string::npos);
}

TEST(Params, AnyIntegerSetsANumber) {
  Params p(table());
  p.set("oas", 33);
  EXPECT_EQ(p.uint("oas"), 33U);
  p.set("oas", std::uint8_t{34});
  EXPECT_EQ(p.uint("oas"), 34U);
  p.set("oas", std::int64_t{35});
  EXPECT_EQ(p.uint("oas"), 35U);
  p.set("oas", 36UL);
  EXPECT_EQ(p.uint("oas"), 36U);
  p.set("oas", std::size_t{37});
  EXPECT_EQ(p.uint("oas"), 37U);
  p.set("oas", static_cast<short>(38));
  EXPECT_EQ(p.uint("oas"), 38U);
  p.set("oas", std::string("39"));
  EXPECT_EQ(p.uint("oas"), 39U);
  EXPECT_EQ(error_of([&] { p.set("oas", -1); }), "parameter 'oas': -1 is not a number of 32 to 52");
  EXPECT_EQ(p.uint("oas"), 39U);
}

TEST(Params, AChoiceOfNumbersTakesANumber) {
  Params p({{"OAS", ParamType::Choice, "44", "doc", 0, 0, {"32", "44", "48"}},
            {"answer", ParamType::Choice, "true", "doc", 0, 0, {"true", "false", "never"}}});
  p.set("OAS", std::uint64_t{48});
  EXPECT_EQ(p.text("OAS"), "48");
  p.set("OAS", 32);
  EXPECT_EQ(p.text("OAS"), "32");
  EXPECT_EQ(error_of([&] { p.set("OAS", 47); }), "parameter 'OAS': 47 is none of 32, 44, 48");
  EXPECT_EQ(error_of([&] { p.set("OAS", true); }), "parameter 'OAS': 'true' is none of 32, 44, 48");
  p.set("answer", false);
  EXPECT_EQ(p.text("answer"), "false");
}

TEST(Params, ASwitchTakesABoolOrOneOrZero) {
  Params p(table());
  p.set("coherent", false);
  EXPECT_FALSE(p.flag("coherent"));
  p.set("coherent", 1);
  EXPECT_TRUE(p.flag("coherent"));
  p.set("coherent", 0U);
  EXPECT_FALSE(p.flag("coherent"));
  EXPECT_EQ(error_of([&] { p.set("coherent", 2); }), "parameter 'coherent': 2 is neither true nor false");
}

TEST(Params, ErrorsNameTheOwnerTheParameterTheValueAndWhatIsAllowed) {
  Params p(table(), "top.smmu0 (smmuv3)");
  EXPECT_EQ(error_of([&] { p.set("oas", 99); }),
            "top.smmu0 (smmuv3): parameter 'oas': 99 is outside 32 to 52");
  EXPECT_EQ(error_of([&] { p.set("word", 5); }),
            "top.smmu0 (smmuv3): parameter 'word': 5 is a number, expected text");
  EXPECT_EQ(error_of([&] { p.set("oas", false); }),
            "top.smmu0 (smmuv3): parameter 'oas': false is no value for it, expected a number of 32 to 52");
  const char* none = nullptr;
  EXPECT_EQ(error_of([&] { p.set("mode", none); }),
            "top.smmu0 (smmuv3): parameter 'mode': a null pointer is not one of on, off");
  EXPECT_EQ(error_of([&] { p.set("moda", "on"); }),
            "top.smmu0 (smmuv3): unknown parameter 'moda'; did you mean 'mode'?");
  try {
    p.set("oas", 99);
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.text(), "parameter 'oas': 99 is outside 32 to 52");
  }
}

TEST(Params, KnowWhichValuesWereGiven) {
  Params p(table());
  EXPECT_FALSE(p.given("oas"));
  p.preset("oas", 40);
  EXPECT_EQ(p.uint("oas"), 40U);
  EXPECT_FALSE(p.given("oas"));
  p.set("oas", "44");
  EXPECT_TRUE(p.given("oas"));
  EXPECT_FALSE(p.given("mode"));
}

TEST(Params, AnUnknownNameIsRefusedWithTheNearestKnownOne) {
  Params p(table());
  EXPECT_NE(error_of([&] { p.set("coherant", "true"); }).find("did you mean 'coherent'"), std::string::npos);
  EXPECT_NE(error_of([&] { p.set("COHERENT", "true"); }).find("did you mean 'coherent'"), std::string::npos);
  EXPECT_EQ(error_of([&] { p.set("qqqqqqqq", "true"); }), "unknown parameter 'qqqqqqqq'");
  EXPECT_EQ(nearest("FRS", {"CR0", "FSR"}), "FSR") << "two letters are swapped";
}

TEST(Params, ValuesOutsideTheirRangeOrTypeAreRefused) {
  Params p(table());
  EXPECT_NE(error_of([&] { p.set("oas", "53"); }), "");
  EXPECT_NE(error_of([&] { p.set("oas", std::uint64_t{31}); }), "");
  EXPECT_NE(error_of([&] { p.set("oas", "forty"); }), "");
  EXPECT_NE(error_of([&] { p.set("oas", true); }), "");
  EXPECT_NE(error_of([&] { p.set("coherent", "yes"); }), "");
  EXPECT_NE(error_of([&] { p.set("mode", "maybe"); }), "");
  EXPECT_EQ(p.uint("oas"), 44U);
}

TEST(Params, NumbersAppearAsTheyWereWrittenOrDeclared) {
  Params p({{"bits", ParamType::Uint, "16", "doc", 0, 32},
            {"base", ParamType::Uint, "0x10", "doc", 0, 0xff},
            {"size", ParamType::Uint, "1MiB", "doc", 4096, 64ULL << 30}});
  EXPECT_EQ(error_of([&] { p.set("bits", "99"); }), "parameter 'bits': 99 is outside 0 to 32");
  EXPECT_EQ(error_of([&] { p.set("bits", "0x63"); }), "parameter 'bits': 0x63 is outside 0 to 32");
  EXPECT_EQ(error_of([&] { p.set("bits", std::uint64_t{99}); }), "parameter 'bits': 99 is outside 0 to 32");
  EXPECT_EQ(error_of([&] { p.set("base", std::uint64_t{256}); }),
            "parameter 'base': 0x100 is outside 0x0 to 0xff");
  EXPECT_EQ(error_of([&] { p.set("size", "2KiB"); }), "parameter 'size': 2KiB is outside 4KiB to 64GiB");
  EXPECT_EQ(p.value_text("size"), "1MiB");
  EXPECT_EQ(p.value_text("bits"), "16");
}

TEST(Params, ADefaultThatBreaksItsOwnRuleIsRefused) {
  EXPECT_THROW(Params({{"x", ParamType::Uint, "5", "doc", 6, 7}}), ConfigError);
}

TEST(Params, NumbersTakeBinarySuffixesAndRefuseOverflow) {
  std::uint64_t v = 0;
  EXPECT_TRUE(parse_uint("64MiB", v));
  EXPECT_EQ(v, 64ULL << 20);
  EXPECT_TRUE(parse_uint("0xffffffffffffffff", v));
  EXPECT_EQ(v, ~0ULL);
  for (const char* bad :
       {"", "0x", "-1", "1.5", "4kb", "18446744073709551616", "0x8000000000000GiB", " 1", "1 "}) {
    EXPECT_FALSE(parse_uint(bad, v)) << bad;
  }
}

}  // namespace
}  // namespace smmuvp
