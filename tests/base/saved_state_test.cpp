#include "smmuvp/base/saved_state.h"

#include <gtest/gtest.h>

#include <sstream>

#include "smmuvp/base/version.h"

namespace smmuvp {
namespace {

Params params_of(std::uint64_t oas = 44, bool coherent = true, const std::string& file = "a.img") {
  Params p({{"OAS", ParamType::Uint, "44", "doc", 32, 52},
            {"COHACC", ParamType::Bool, "true", "doc"},
            {"file", ParamType::Path, "", "doc"}});
  p.set("OAS", oas);
  p.set("COHACC", coherent);
  p.set("file", file);
  return p;
}

struct Thing {
  explicit Thing(Params p) : params(std::move(p)) {}
  StateOwner owner() const { return {"top.thing (thing)", type, params}; }
  VisitState visit() {
    return [this](Archive& archive) {
      ++visits;
      archive.value("value", value);
      archive.time("due", due);
      if (archive.loading() && value == 0xbad) archive.fail("value", "0xbad", "a good one");
    };
  }
  std::string save(std::uint64_t now = 0) {
    std::ostringstream out;
    const auto error = save_state(out, owner(), now, visit());
    EXPECT_FALSE(error) << to_text(*error);
    return out.str();
  }
  std::string load(const std::string& data, std::uint64_t now = 0) {
    visits = 0;
    std::istringstream in(data);
    const auto error = load_state(in, owner(), now, visit());
    return error ? to_text(*error) : "";
  }

  Params params;
  std::string type = "thing";
  std::uint32_t value = 1;
  std::uint64_t due = 0;
  int visits = 0;
};

TEST(SavedState, LoadsWhatWasSaved) {
  Thing a(params_of());
  a.value = 7;
  Thing b(params_of());
  EXPECT_EQ(b.load(a.save()), "");
  EXPECT_EQ(b.value, 7U);
}

TEST(SavedState, KeepsTimesRelativeToTheMomentOfSaving) {
  Thing a(params_of());
  a.due = 1500;
  Thing b(params_of());
  EXPECT_EQ(b.load(a.save(1000), 9000), "");
  EXPECT_EQ(b.due, 9500U);
}

TEST(SavedState, OfAnotherConfigurationIsRefusedByTheParameterThatDiffers) {
  Thing a(params_of(48));
  Thing b(params_of(44));
  EXPECT_EQ(b.load(a.save()), "top.thing (thing), parameter 'OAS': saved with 48, expected 44");
  EXPECT_EQ(b.visits, 0);
  Thing c(params_of(48, false));
  EXPECT_EQ(c.load(a.save()), "top.thing (thing), parameter 'COHACC': saved with true, expected false");
}

TEST(SavedState, OfAComponentWithOtherParametersIsRefused) {
  Thing a(params_of());
  Thing b(Params({{"OAS", ParamType::Uint, "44", "doc", 32, 52}}));
  EXPECT_EQ(b.load(a.save()),
            "top.thing (thing), parameter 'COHACC': saved with true, expected no such parameter");
  EXPECT_EQ(a.load(b.save()), "top.thing (thing), parameter 'COHACC': not saved, expected true");
}

TEST(SavedState, WhereTheHostKeepsAFileIsNoDifference) {
  Thing a(params_of(44, true, "/home/a/disk.img"));
  Thing b(params_of(44, true, "disk.img"));
  EXPECT_EQ(b.load(a.save()), "");
}

TEST(SavedState, OfAnotherTypeIsRefused) {
  Thing a(params_of());
  a.type = "other";
  Thing b(params_of());
  EXPECT_EQ(b.load(a.save()), "top.thing (thing): the state of a component of type 'other', expected thing");
}

// The checksum is that of the changed text, or the damage would be told first.
TEST(SavedState, OfAnotherVersionIsRefused) {
  Thing a(params_of());
  std::string data = a.save();
  const std::size_t at = data.find(SMMUVP_VERSION_TEXT);
  ASSERT_NE(at, std::string::npos);
  data[at] = 'x';
  std::uint64_t hash = 0xcbf29ce484222325;
  for (std::size_t i = 24; i < data.size(); ++i) {
    hash = (hash ^ static_cast<std::uint8_t>(data[i])) * 0x100000001b3;
  }
  for (std::size_t i = 0; i < 8; ++i) data[16 + i] = static_cast<char>(hash >> (8 * i) & 0xff);
  const std::string version = std::string("x") + (SMMUVP_VERSION_TEXT + 1);
  Thing b(params_of());
  EXPECT_EQ(b.load(data),
            "top.thing (thing): saved by smmu-vp " + version + ", expected " + SMMUVP_VERSION_TEXT);
}

TEST(SavedState, EveryTruncationIsRefusedBeforeAnythingIsLoaded) {
  Thing a(params_of());
  const std::string data = a.save();
  Thing b(params_of());
  for (std::size_t n = 0; n < data.size(); ++n) {
    EXPECT_NE(b.load(data.substr(0, n)).find("the data ends after"), std::string::npos) << n;
    EXPECT_EQ(b.visits, 0) << n;
  }
}

TEST(SavedState, EveryFlippedByteIsRefusedBeforeAnythingIsLoaded) {
  Thing a(params_of());
  const std::string data = a.save();
  Thing b(params_of());
  for (std::size_t n = 0; n < data.size(); ++n) {
    std::string bad = data;
    bad[n] = static_cast<char>(bad[n] ^ 0x55);
    EXPECT_NE(b.load(bad), "") << n;
    EXPECT_EQ(b.visits, 0) << n;
  }
}

TEST(SavedState, OfWhatIsNoSavedStateIsRefusedAsSuch) {
  Thing a(params_of());
  EXPECT_EQ(a.load("ELF, perhaps"),
            "top.thing (thing): no saved state of smmu-vp, expected one at this place of the stream");
}

TEST(SavedState, AValueThatTheComponentRefusesIsToldWithItsPlace) {
  Thing a(params_of());
  a.value = 0xbad;
  Thing b(params_of());
  EXPECT_EQ(b.load(a.save()), "top.thing (thing), value: 0xbad, expected a good one");
}

TEST(SavedState, SeveralFollowEachOtherInOneStream) {
  Thing a(params_of());
  Thing b(params_of());
  a.value = 10;
  b.value = 20;
  std::stringstream stream(a.save() + b.save());
  EXPECT_FALSE(load_state(stream, b.owner(), 0, b.visit()));
  EXPECT_FALSE(load_state(stream, a.owner(), 0, a.visit()));
  EXPECT_EQ(a.value, 20U);
  EXPECT_EQ(b.value, 10U);
}

TEST(SavedState, AStreamThatFailsIsAnErrorAndNoExceptionEvenWhereItThrows) {
  Thing a(params_of());
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  EXPECT_TRUE(save_state(out, a.owner(), 0, a.visit()));
  std::istringstream in("SMMUVPS1");
  in.exceptions(std::ios::eofbit | std::ios::failbit);
  EXPECT_TRUE(load_state(in, a.owner(), 0, a.visit()));
}

}  // namespace
}  // namespace smmuvp
