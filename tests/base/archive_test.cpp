#include "smmuvp/base/archive.h"

#include <gtest/gtest.h>

namespace smmuvp {
namespace {

enum class Colour : std::uint8_t { Red, Green };

struct State {
  std::uint32_t number = 0;
  bool flag = false;
  Colour colour = Colour::Red;
  std::string text;
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint16_t> items;

  void visit(Archive& a) {
    a.begin("state");
    a.value("number", number);
    a.value("flag", flag);
    a.value("colour", colour);
    a.text("text", text);
    a.bytes("bytes", bytes);
    a.list("items", items, 100, [&](std::uint16_t& i) { a.value("", i); });
    a.end();
  }
  bool operator==(const State& o) const {
    return number == o.number && flag == o.flag && colour == o.colour && text == o.text && bytes == o.bytes &&
           items == o.items;
  }
};

State sample() { return {7, true, Colour::Green, "text", {1, 2, 3}, {10, 20}}; }

TEST(Archive, RestoresWhatItSaved) {
  State saved = sample();
  ArchiveWriter writer;
  saved.visit(writer);
  State loaded;
  ArchiveReader reader(writer.data());
  loaded.visit(reader);
  EXPECT_TRUE(reader.complete()) << reader.error();
  EXPECT_TRUE(loaded == saved);
}

TEST(Archive, EveryTruncationIsAnErrorAndNotACrash) {
  State saved = sample();
  ArchiveWriter writer;
  saved.visit(writer);
  for (std::size_t n = 0; n < writer.data().size(); ++n) {
    State loaded;
    ArchiveReader reader({writer.data().begin(), writer.data().begin() + static_cast<std::ptrdiff_t>(n)});
    loaded.visit(reader);
    EXPECT_FALSE(reader.complete()) << n;
    EXPECT_FALSE(reader.error().empty()) << n;
  }
}

TEST(Archive, EveryFlippedByteEitherLoadsOrIsAnError) {
  State saved = sample();
  ArchiveWriter writer;
  saved.visit(writer);
  for (std::size_t n = 0; n < writer.data().size(); ++n) {
    std::vector<std::uint8_t> data = writer.data();
    data[n] ^= 0xff;
    State loaded;
    ArchiveReader reader(data);
    loaded.visit(reader);
    EXPECT_TRUE(!reader.ok() || !(loaded == saved)) << n;
  }
}

TEST(Archive, AnotherLayoutIsRefusedByName) {
  ArchiveWriter writer;
  std::uint32_t value = 1;
  writer.value("old", value);
  ArchiveReader reader(writer.data());
  reader.value("current", value);
  EXPECT_NE(reader.error().find("current"), std::string::npos);
  EXPECT_NE(reader.error().find("old"), std::string::npos);
}

TEST(Archive, AnErrorTellsTheGroupsTheItemAndWhatWasExpected) {
  ArchiveWriter writer;
  std::uint32_t value = 1;
  writer.begin("smmu");
  writer.begin("tlb");
  writer.value("ways", value);
  writer.end();
  writer.end();
  ArchiveReader reader(writer.data());
  reader.begin("smmu");
  reader.begin("tlb");
  reader.value("sets", value);
  ASSERT_TRUE(reader.failure());
  EXPECT_EQ(reader.failure()->where, "smmu/tlb/sets");
  EXPECT_EQ(reader.failure()->what, "found number 'ways'");
  EXPECT_EQ(reader.failure()->expected, "number 'sets'");
  EXPECT_EQ(reader.error(), "smmu/tlb/sets: found number 'ways', expected number 'sets'");
}

TEST(Archive, AListLongerThanItsLimitIsRefused) {
  ArchiveWriter writer;
  std::vector<std::uint8_t> items(5, 1);
  writer.list("items", items, 10, [&](std::uint8_t& i) { writer.value("", i); });
  ArchiveReader reader(writer.data());
  reader.list("items", items, 4, [&](std::uint8_t& i) { reader.value("", i); });
  EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace smmuvp
