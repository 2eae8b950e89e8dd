// The tables of fields: what decoding, checks and tools read.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "smmuvp/smmuv3/cd.h"
#include "smmuvp/smmuv3/commands.h"
#include "smmuvp/smmuv3/events.h"
#include "smmuvp/smmuv3/explain.h"
#include "smmuvp/smmuv3/ste.h"
#include "smmuvp/test/core.h"

namespace smmuvp::smmuv3 {
namespace {

struct Table {
  std::string name;
  FieldList fields;
  unsigned bits;
};

std::vector<Table> tables() {
  std::vector<Table> all;
  for (const StructureInfo* s : {&L1STD_structure, &STE_structure, &L1CD_structure, &CD_structure}) {
    all.push_back({s->name, s->fields, s->bytes * 8U});
  }
  for_each_command([&](const CommandInfo& c) { all.push_back({c.name, c.fields, 128}); });
  for_each_event([&](const EventInfo& e) { all.push_back({e.name, e.fields, 256}); });
  return all;
}

std::array<std::uint64_t, 8> random_words(test::Random& random, unsigned bits) {
  std::array<std::uint64_t, 8> words{};
  for (unsigned i = 0; i < bits / 64; ++i) words[i] = random.next();
  return words;
}

const ExplainedField* find(const StructureExplanation& e, const std::string& name) {
  for (const ExplainedField& f : e.fields) {
    if (f.name == name) return &f;
  }
  return nullptr;
}

StructureExplanation explained(StructureKind kind, std::vector<std::uint64_t> words) {
  words.resize(8);
  return explain(kind, words.data());
}

TEST(Structures, EveryFieldLiesWithinOneWordOfItsStructure) {
  for (const Table& t : tables()) {
    for (const Field* f : t.fields) {
      EXPECT_LE(f->low, f->high) << t.name << "." << f->name;
      EXPECT_LT(f->high, t.bits) << t.name << "." << f->name;
      EXPECT_EQ(f->high / 64, f->low / 64) << t.name << "." << f->name;
    }
  }
}

TEST(Structures, FieldsShareBitsOnlyWhereConditionsSayWhichOfThemIsThere) {
  for (const Table& t : tables()) {
    for (const Field* f : t.fields) {
      for (const Field* g : t.fields) {
        if (f == g || !f->overlaps(*g)) continue;
        ASSERT_TRUE(f->when != nullptr && g->when != nullptr) << t.name << "." << f->name << ", " << g->name;
        EXPECT_STRNE(f->when, g->when) << t.name << "." << f->name << ", " << g->name;
      }
    }
  }
}

TEST(Structures, EveryNameIsThereOnce) {
  for (const Table& t : tables()) {
    std::set<std::string> names;
    for (const Field* f : t.fields) {
      if (f->use == FieldUse::implementation_defined || f->use == FieldUse::unplaced) continue;
      EXPECT_TRUE(names.insert(f->name).second) << t.name << "." << f->name;
    }
  }
}

TEST(Structures, EveryFieldNamesItsClause) {
  for (const Table& t : tables()) {
    for (const Field* f : t.fields) {
      EXPECT_EQ(std::string(f->clause).rfind("IHI 0070 ", 0), 0U) << t.name << "." << f->name;
    }
  }
}

TEST(Structures, EveryCommandOf411AndEveryEventOf73IsDeclared) {
  unsigned commands = 0;
  unsigned events = 0;
  for_each_command([&](const CommandInfo&) { ++commands; });
  for_each_event([&](const EventInfo&) { ++events; });
  EXPECT_EQ(commands, 34U);
  EXPECT_EQ(events, 19U);
}

TEST(Structures, TheBitsOfAnSteAreThoseOf52) {
  EXPECT_EQ(STE_structure.fields.size(), 78U);
  const struct {
    const Field& field;
    unsigned high, low;
  } samples[] = {{STE_Config, 3, 1},     {STE_S1ContextPtr, 55, 6}, {STE_S1CDMax, 63, 59},
                 {STE_EATS, 93, 92},     {STE_STRW, 95, 94},        {STE_S2VMID, 143, 128},
                 {STE_S2T0SZ, 165, 160}, {STE_S2TTB, 247, 196},     {STE_PARTID, 287, 272},
                 {STE_VMSPtr, 375, 332}, {STE_S_S2TTB, 439, 388}};
  for (const auto& s : samples) {
    EXPECT_EQ(s.field.high, s.high) << s.field.name;
    EXPECT_EQ(s.field.low, s.low) << s.field.name;
  }
}

// Declared bits are what is left; the others are lost.
TEST(Structures, SettingWhatWasReadGivesTheDeclaredBitsBack) {
  test::Random random(1);
  for (const Table& t : tables()) {
    for (int run = 0; run < 100; ++run) {
      const auto words = random_words(random, t.bits);
      std::array<std::uint64_t, 8> again{};
      std::array<std::uint64_t, 8> declared{};
      for (const Field* f : t.fields) {
        set(again, *f, get(words, *f));
        declared[f->word()] |= f->in_word();
      }
      for (unsigned i = 0; i < 8; ++i) ASSERT_EQ(again[i], words[i] & declared[i]) << t.name << " word " << i;
    }
  }
}

TEST(Structures, AnEventThatIsDecodedIsWrittenAsItWas) {
  test::Random random(2);
  for_each_event([&](const EventInfo& info) {
    for (int run = 0; run < 200; ++run) {
      std::array<std::uint64_t, 4> words{};
      for (std::uint64_t& w : words) w = random.next();
      set(words, EVT_Number, static_cast<std::uint64_t>(info.type));
      const Event event = Event::decode(words);
      const auto written = event.words();
      // What the model has no member for, or calls UNKNOWN, is 0; nothing else is lost.
      for (const Field* f : info.fields) {
        const std::uint64_t value = get(written, *f);
        EXPECT_TRUE(value == 0 || value == get(words, *f)) << info.name << "." << f->name;
      }
      EXPECT_EQ(Event::decode(written).words(), written) << info.name;
      EXPECT_EQ(get(written, EVT_StreamID), get(words, EVT_StreamID)) << info.name;
      EXPECT_EQ(get(written, EVT_Number), get(words, EVT_Number)) << info.name;
    }
  });
}

TEST(Structures, AnEventHasOnlyTheFieldsOfItsType) {
  for_each_event([&](const EventInfo& info) {
    Event e;
    e.type = info.type;
    e.StreamID = ~0U;
    e.SubstreamID = ~0U;
    e.SSV = e.RnW = e.InD = e.PnU = e.S2 = e.TTRnW = true;
    e.CLASS = EventClass::TTD;
    e.InputAddr = e.IPA = e.FetchAddr = ~0ULL;
    e.Reason = 0xffff;
    std::array<std::uint64_t, 4> declared{};
    for (const Field* f : info.fields) declared[f->word()] |= f->in_word();
    const auto words = e.words();
    for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(words[i] & ~declared[i], 0U) << info.name << " word " << i;
  });
}

TEST(Structures, ACommandsRangeFieldsAreRes0WithoutRangeInvalidation) {
  const CommandInfo& info = *find_command(static_cast<std::uint8_t>(Opcode::CMD_TLBI_NH_VA));
  const Command all = Command::decode({~0ULL, ~0ULL});
  const Command without_TG = Command::decode({~0ULL, ~CMD_TG.in_word()});
  Features f;
  const auto is_reserved = [&](const Command& c, const Field& field) {
    return (reserved_bits(c, info, f)[field.word()] & field.in_word()) == field.in_word();
  };
  for (const Field* field : {&CMD_NUM, &CMD_SCALE, &CMD_TG, &CMD_TTL, &CMD_TTL128}) {
    EXPECT_TRUE(is_reserved(all, *field)) << field->name;
  }
  f.RIL = true;
  EXPECT_EQ(reserved_bits(all, info, f)[0], 1ULL << 25 | 0xfULL << 8U | 7ULL << 17U | 0x3fULL << 26U);
  for (const Field* field : {&CMD_NUM, &CMD_SCALE, &CMD_TTL}) {
    EXPECT_TRUE(is_reserved(without_TG, *field)) << field->name << ", TG 0";
  }
  EXPECT_TRUE(is_reserved(all, CMD_TTL128));
  for (const Field* field : {&CMD_VMID, &CMD_ASID, &CMD_Leaf, &CMD_Address, &CMD_TG, &CMD_TTL}) {
    EXPECT_EQ(reserved_bits(all, info, f)[field->word()] & field->in_word(), 0U) << field->name;
  }
  f.DS = true;
  EXPECT_EQ(reserved_bits(all, info, f)[0] & CMD_SCALE.in_word(), 0U);
}

TEST(Structures, EveryRefusedCommandSaysItsNameAndWhy) {
  for_each_command([](const CommandInfo& info) {
    const auto opcode = static_cast<std::uint8_t>(info.opcode);
    EXPECT_STREQ(opcode_name(opcode), info.name);
    Features none;
    none.S1P = none.S2P = none.VMID16 = false;
    EXPECT_EQ(command_info(opcode, none) == nullptr, info.refused != nullptr) << info.name;
    const Command command = Command::decode({opcode, 0});
    const char* why = "";
    const bool refused = check_command(command, none, why) != CommandError::CERROR_NONE;
    EXPECT_EQ(refused, info.refused != nullptr) << info.name;
    if (refused) {
      EXPECT_EQ(std::string(why).rfind(info.name, 0), 0U) << why;
    }
  });
}

// ---- in words

TEST(ExplainStructures, ValuesThatTheSpecificationNamesAreNamed) {
  const auto e = explained(StructureKind::STE, {0x8000'000b, 0x1000'0000'00d4});
  EXPECT_EQ(find(e, "Config")->text, "0b101");
  EXPECT_EQ(find(e, "Config")->meaning, "stage 1 translates, stage 2 bypasses");
  EXPECT_EQ(find(e, "S1ContextPtr")->text, "0x80000000");
  EXPECT_EQ(find(e, "S1CSH")->meaning, "Inner Shareable");
  EXPECT_TRUE(e.verdict->legal);
}

TEST(ExplainStructures, ReservedBitsThatAreSetAreShownAsWrong) {
  const auto e = explained(StructureKind::STE, {0x0700'0000'8000'000b, 0x1000'0000'00d4});
  const ExplainedField* f = find(e, "RES0");
  ASSERT_NE(f, nullptr);
  EXPECT_EQ(f->high, 58U);
  EXPECT_EQ(f->low, 56U);
  EXPECT_TRUE(f->wrong);
}

TEST(ExplainStructures, ReservedBitsOfAnInvalidSteAreIgnored) {
  const auto e = explained(StructureKind::STE, {0x0700'0000'0000'0000});
  ASSERT_NE(find(e, "RES0"), nullptr);
  EXPECT_FALSE(find(e, "RES0")->wrong);
  EXPECT_EQ(e.verdict->word, "invalid");
}

TEST(ExplainStructures, ReservedValuesAreWrongUnlessAnotherFieldMakesThemIgnored) {
  // TG0 is 0b11; with EPD0 it does not count.
  EXPECT_TRUE(find(explained(StructureKind::CD, {0x200'8000'00c0}), "TG0")->wrong);
  const auto ignored = explained(StructureKind::CD, {0x200'8000'40c0});
  EXPECT_FALSE(find(ignored, "TG0")->wrong);
  EXPECT_EQ(find(ignored, "TG0")->meaning, "IGNORED: EPD0 is 1");
}

TEST(ExplainStructures, FieldsOfACdThatVmsav832HasNotAreIgnoredOrRes0) {
  constexpr std::uint64_t V = 1ULL << 31, AA64 = 1ULL << 41, HA = 1ULL << 43, UWXN = 1ULL << 37,
                          AFFD = 1ULL << 35;
  const std::vector<std::uint64_t> words{V | HA | UWXN | AFFD | 3 << 6 | 9 | 3 << 16, 1ULL << 59};  // EPAN
  const auto e = explained(StructureKind::CD, words);
  for (const char* name : {"TG0", "TG1", "IPS", "HA", "HD"}) {
    EXPECT_EQ(find(e, name)->meaning, "IGNORED: AA64 is 0") << name;
    EXPECT_TRUE(find(e, name)->ignored) << name;
  }
  for (const char* name : {"EPAN", "E0PD0", "E0PD1", "DS", "PIE"}) {
    EXPECT_EQ(find(e, name)->meaning, "RES0: AA64 is 0") << name;
    EXPECT_EQ(find(e, name)->wrong, std::string(name) == "EPAN") << name;
  }
  EXPECT_EQ(find(e, "T0SZ")->meaning, "31-bit input addresses") << "of three bits";
  EXPECT_EQ(find(e, "T1SZ")->meaning, "29-bit input addresses");
  EXPECT_FALSE(find(e, "UWXN")->ignored);
  EXPECT_FALSE(find(e, "AFFD")->ignored) << "HA does not count";
  const auto of_64 = explained(StructureKind::CD, {words[0] | AA64, words[1]});
  EXPECT_EQ(find(of_64, "UWXN")->meaning, "IGNORED: AA64 is 1");
  EXPECT_EQ(find(of_64, "AFFD")->meaning, "IGNORED: HA is 1");
  EXPECT_FALSE(find(of_64, "EPAN")->wrong);
  EXPECT_TRUE(find(of_64, "TG0")->wrong);
}

TEST(ExplainStructures, FieldsOfACdThatEl2HasNotAreIgnoredOrRes0) {
  Ste ste;
  const std::uint64_t words[8] = {~0ULL & ~(3ULL << 6), 0, ~0ULL};
  const auto by = [&](StreamWorld world) {
    ste.world = world;
    return explain(StructureKind::CD, words, Features(), ste);
  };
  const auto el2 = by(StreamWorld::NS_EL2);
  for (const char* name : {"EPD0", "EPD1", "PAN", "ASID"}) {
    EXPECT_EQ(find(el2, name)->meaning, "IGNORED: the StreamWorld is EL2") << name;
  }
  for (const char* name : {"T1SZ", "TG1", "IR1", "OR1", "SH1", "TBI1", "HAD1", "TTB1", "E0PD1"}) {
    EXPECT_EQ(find(el2, name)->meaning, "RES0: the StreamWorld is EL2") << name;
    EXPECT_TRUE(find(el2, name)->wrong) << name;
  }
  EXPECT_FALSE(find(el2, "TG0")->ignored) << "EPD0 does not count";
  for (const StreamWorld world : {StreamWorld::NS_EL1, StreamWorld::NS_EL2_E2H}) {
    const auto e = by(world);
    EXPECT_FALSE(find(e, "ASID")->ignored);
    EXPECT_EQ(find(e, "TTB1")->meaning, "IGNORED: EPD1 is 1");
    EXPECT_EQ(find(e, "ENDI")->meaning, "IGNORED: EPD0 and EPD1 are 1");
  }
}

TEST(ExplainStructures, Stage2OfVmsav832HasItsOwnSizes) {
  const std::vector<std::uint64_t> stage2{0xd, 0,
                                          0x1cULL << 32 | 1ULL << 46 | 2ULL << 48};  // S2T0SZ 0b011100: -4
  const auto e = explained(StructureKind::STE, stage2);
  EXPECT_EQ(find(e, "S2T0SZ")->meaning, "36-bit input addresses");
  EXPECT_EQ(find(e, "S2PS")->meaning, "IGNORED: S2AA64 is 0");
  EXPECT_EQ(find(e, "S2TG")->meaning, "RES0: S2AA64 is 0");
  EXPECT_TRUE(find(e, "S2TG")->wrong);
  EXPECT_FALSE(find(explained(StructureKind::STE, {0x9, 0, stage2[2]}), "S2TG")->wrong) << "stage 2 bypasses";
}

TEST(ExplainStructures, StrwIsSaidByCr2E2hWhereThatIsKnown) {
  const std::uint64_t words[8] = {0xb, 2ULL << 30};
  Ste asked;
  EXPECT_EQ(find(explain(StructureKind::STE, words, Features(), asked), "STRW")->meaning,
            "EL2, or EL2-E2H with CR2.E2H");
  asked.origin.E2H = true;
  EXPECT_EQ(find(explain(StructureKind::STE, words, Features(), asked), "STRW")->meaning,
            "EL2-E2H: CR2.E2H is 1");
}

TEST(ExplainStructures, FieldsOfAStageThatBypassesAreIgnored) {
  const auto e = explained(StructureKind::STE, {0x8000'000b});
  EXPECT_TRUE(find(e, "S2TTB")->ignored);
  EXPECT_FALSE(find(e, "S2VMID")->ignored);  // it tags TLB entries of stage 1 as well
  EXPECT_FALSE(find(e, "S1ContextPtr")->ignored);
}

TEST(ExplainStructures, AnIllegalSteIsToldWithItsClause) {
  const auto e = explained(StructureKind::STE, {0xf});
  ASSERT_TRUE(e.verdict);
  EXPECT_EQ(e.verdict->word, "ILLEGAL");
  EXPECT_EQ(e.verdict->why, "STE.S2AA64 is 0, and IDR0.TTF has no VMSAv8-32 LPAE");
  EXPECT_EQ(e.verdict->clause, "IHI 0070 5.2.2");
}

TEST(ExplainStructures, TheVerdictIsThatOfTheFeaturesThatAreGiven) {
  const std::uint64_t words[8] = {0x8000'000b, 0x1000'0000'00d4};
  Features features;
  features.OAS = 32;
  EXPECT_TRUE(explain(StructureKind::STE, words, features).verdict->legal);
  const std::uint64_t beyond[8] = {0x1'8000'000b, 0x1000'0000'00d4};
  EXPECT_TRUE(explain(StructureKind::STE, beyond).verdict->legal);
  EXPECT_FALSE(explain(StructureKind::STE, beyond, features).verdict->legal);
}

TEST(ExplainStructures, ACommandIsNamedAndJudged) {
  EXPECT_EQ(explained(StructureKind::command, {0x46}).title, "CMD_SYNC");
  EXPECT_EQ(explained(StructureKind::command, {0x04, 0x1f}).title, "CMD_CFGI_ALL");
  EXPECT_EQ(explained(StructureKind::command, {0x04, 0x1e}).title, "CMD_CFGI_STE_RANGE");
  EXPECT_NE(explained(StructureKind::command, {0x2a}).verdict->word, "CERROR_ILL");
  const auto refused = explained(StructureKind::command, {0x40});
  EXPECT_EQ(refused.title, "CMD_ATC_INV");
  EXPECT_EQ(refused.verdict->word, "CERROR_ILL");
  EXPECT_EQ(explained(StructureKind::command, {0}).title, "Reserved opcode");
  EXPECT_EQ(explained(StructureKind::command, {0x80}).title, "IMPLEMENTATION DEFINED");
}

TEST(ExplainStructures, AnEventIsNamedAndHasTheFieldsOfItsType) {
  const auto e = explained(StructureKind::event, {0x2a'0000'0010, 0x208'0000'0000, 0x1000});
  EXPECT_EQ(e.title, "F_TRANSLATION");
  EXPECT_EQ(find(e, "StreamID")->text, "0x2a");
  EXPECT_EQ(find(e, "CLASS")->meaning, "IN: the input address");
  EXPECT_EQ(find(e, "RnW")->meaning, "read");
  EXPECT_EQ(find(e, "InputAddr")->text, "0x1000");
  EXPECT_EQ(find(e, "FetchAddr"), nullptr);
  EXPECT_FALSE(e.verdict);
  EXPECT_EQ(explained(StructureKind::event, {0xe3}).title, "IMPDEF_EVENT3");
  EXPECT_EQ(explained(StructureKind::event, {0xff}).title, "Reserved event number");
}

TEST(ExplainStructures, RangeFieldsAreRes0WithoutAGranule) {
  const auto e = explained(StructureKind::command, {0x12 | 3 << 12, 0x1000});
  EXPECT_TRUE(find(e, "NUM")->wrong);
  EXPECT_FALSE(find(explained(StructureKind::command, {0x12 | 3 << 12, 0x1400}), "NUM")->wrong);
}

TEST(ExplainStructures, EveryBitThatIsSetIsInSomeRow) {
  test::Random random(3);
  for (unsigned k = 0; k < structure_kind_count; ++k) {
    const auto kind = static_cast<StructureKind>(k);
    for (int run = 0; run < 2000; ++run) {
      auto words = random_words(random, kind_info(kind).words * 64);
      if (kind == StructureKind::command)
        set(words, CMD_Opcode, static_cast<std::uint64_t>(Opcode::CMD_SYNC));
      if (kind == StructureKind::event) set(words, EVT_Number, 0x10);
      auto left = words;
      for (const ExplainedField& f : explain(kind, words.data()).fields) {
        EXPECT_EQ((words[f.low / 64] >> (f.low % 64)) & low_bits(f.high - f.low + 1), f.value) << f.name;
        left[f.low / 64] &= ~(low_bits(f.high - f.low + 1) << (f.low % 64));
      }
      for (const std::uint64_t word : left) ASSERT_EQ(word, 0U) << kind_info(kind).word;
    }
  }
}

TEST(ExplainStructures, EachKindHasAWordThatToolsCallItBy) {
  for (unsigned k = 0; k < structure_kind_count; ++k) {
    const auto kind = static_cast<StructureKind>(k);
    EXPECT_EQ(kind_of_word(kind_info(kind).word), kind);
  }
  EXPECT_FALSE(kind_of_word("stream"));
}

TEST(ExplainStructures, AnyWordsAreExplained) {
  test::Random random(4);
  for (unsigned k = 0; k < structure_kind_count; ++k) {
    for (int run = 0; run < 3000; ++run) {
      auto words = random_words(random, 512);
      for (std::uint64_t& word : words) word &= random.next() & random.next();  // more zeros: more legal ones
      const auto e = explain(static_cast<StructureKind>(k), words.data());
      EXPECT_FALSE(e.title.empty());
      EXPECT_FALSE(e.fields.empty());
    }
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
