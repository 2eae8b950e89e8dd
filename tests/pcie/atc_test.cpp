// What the ATC keeps and loses, and what jobs make of it. docs/pcie.md, The ATC.
#include "ats_fixture.h"

namespace smmuvp {
namespace {

using namespace test;
using pcie::Atc;
using pcie::AtcEntry;
using pcie::AtcInvalidation;

constexpr std::uint64_t va = 0x100000;
constexpr std::uint64_t pa = Upstream::base + 0x200000;

class AtcTest : public ::testing::Test {
 protected:
  void make(const std::string& topology = AtsHost::plain, unsigned stu = 0, const pcie::AtsConfig& ats = {}) {
    host = std::make_unique<AtsHost>(topology, ats);
    host->enable(stu);
    host->start();
  }
  void SetUp() override { make(); }
  AtsHost::Job write(std::uint64_t to, std::uint64_t length = 64, std::uint32_t flags = SSV,
                     std::uint32_t pasid = 5) {
    return {OP_WRITE | flags, 0, to, length, pasid};
  }
  std::size_t requests() const { return host->up.count(DmaAts::TranslationRequest); }
  std::size_t translated() const { return host->up.count(DmaAts::Translated); }
  const pcie::Translator::Counters& counters() { return host->endpoint().translator().counters(); }

  std::unique_ptr<AtsHost> host;
};

TEST_F(AtcTest, AnAccessAsksOnceAndIsTranslatedFromThenOn) {
  host->up.map(5, va, {pa});
  EXPECT_EQ(host->run(write(va + 0x20)), OK);
  EXPECT_EQ(host->run(write(va + 0x40)), OK);
  EXPECT_EQ(requests(), 1U);
  EXPECT_EQ(translated(), 2U);
  EXPECT_EQ(host->get_register(ATC_USED), 1U);
  EXPECT_EQ(counters().hits, 1U);
  EXPECT_EQ(counters().misses, 1U);
  for (const DmaOperation& o : host->up.seen) {
    if (o.ats == DmaAts::TranslationRequest) {
      EXPECT_EQ(o.address, va) << "page aligned";
      EXPECT_TRUE(o.substream_valid);
      EXPECT_EQ(o.substream_id, 5U);
      EXPECT_FALSE(o.ats_fields.no_write);
      EXPECT_EQ(o.length, 8U);
      EXPECT_FALSE(o.write);
    } else if (o.ats == DmaAts::Translated) {
      EXPECT_EQ(o.address & ~0xfffULL, pa);
      EXPECT_FALSE(o.substream_valid || o.privileged || o.instruction);
    } else {
      EXPECT_LT(o.address, AtsHost::ring + 0x1000) << "only the ring is untranslated";
    }
  }
  EXPECT_NE(*host->up.at(pa + 0x29), 0);
}

TEST_F(AtcTest, WithoutAtsEnableJobsGoUntranslated) {
  host->put_config(host->capability(ID_ATS) + ATS_CONTROL, 0);
  host->up.map(5, va, {pa});
  EXPECT_EQ(host->run(write(va)), OK);
  EXPECT_EQ(requests() + translated(), 0U);
  EXPECT_EQ(host->run(write(va, 64, SSV | TRANSLATED)), BAD_DESCRIPTOR);
  EXPECT_EQ(host->run({OP_TRANSLATE, va}), BAD_DESCRIPTOR);
}

TEST_F(AtcTest, AJobMayGoUntranslatedOrWithTranslatedAddresses) {
  host->up.map(5, va, {pa});
  EXPECT_EQ(host->run(write(va, 64, SSV | UNTRANSLATED)), OK);
  EXPECT_EQ(requests() + translated(), 0U);
  EXPECT_EQ(host->run(write(pa + 0x80, 64, TRANSLATED)), OK);
  EXPECT_EQ(translated(), 1U);
  EXPECT_EQ(host->up.seen[host->up.seen.size() - 3].address, pa + 0x80);
  EXPECT_EQ(host->run(write(va, 64, SSV | UNTRANSLATED | TRANSLATED)), BAD_DESCRIPTOR) << "TYPE 3";
  EXPECT_EQ(host->run(write(va, 64, UNTRANSLATED | PAGES)), BAD_DESCRIPTOR);
}

TEST_F(AtcTest, ReadsAskForNoWriteAndAWriteAsksAgain) {
  host->up.map(5, va, {pa});
  EXPECT_EQ(host->run({OP_READ | SSV, va, 0, 64, 5}), OK);
  EXPECT_TRUE(host->up.seen[1].ats_fields.no_write);
  EXPECT_EQ(host->run(write(va)), OK);
  EXPECT_EQ(requests(), 2U);
  EXPECT_EQ(host->get_register(ATC_USED), 1U) << "the answer replaces the other";
  EXPECT_EQ(host->run({OP_READ | SSV, va, 0, 64, 5}), OK);
  EXPECT_EQ(requests(), 2U);
}

TEST_F(AtcTest, PasidsAndPrivilegesHaveTranslationsOfTheirOwn) {
  for (const int pasid : {5, 6, Upstream::no_pasid}) host->up.map(pasid, va, {pa});
  EXPECT_EQ(host->run(write(va)), OK);
  EXPECT_EQ(host->run(write(va, 64, SSV, 6)), OK);
  EXPECT_EQ(host->run(write(va, 64, SSV | PRIV)), OK);
  EXPECT_EQ(host->run(write(va, 64, 0)), OK);
  EXPECT_EQ(requests(), 4U);
  EXPECT_EQ(host->get_register(ATC_USED), 4U);
}

TEST_F(AtcTest, AGlobalTranslationServesAllPasidsOfItsPrivilege) {
  Mapping m{pa};
  m.global = true;
  for (const int pasid : {5, 6, Upstream::no_pasid}) host->up.map(pasid, va, m);
  EXPECT_EQ(host->run(write(va)), OK);
  EXPECT_EQ(host->run(write(va, 64, SSV, 6)), OK);
  EXPECT_EQ(requests(), 1U);
  EXPECT_EQ(host->run(write(va, 64, SSV | PRIV, 6)), OK);
  EXPECT_EQ(host->run(write(va, 64, 0)), OK);
  EXPECT_EQ(requests(), 3U);
}

TEST_F(AtcTest, InstructionReadsNeedExecutePermission) {
  host->up.map(5, va, {pa});
  EXPECT_EQ(host->run({OP_READ | SSV | INST, va, 0, 64, 5}), NO_RIGHTS);
  Mapping m{pa};
  m.execute = true;
  host->up.map(5, va, m);
  EXPECT_EQ(host->run({OP_READ | SSV, va, 0, 64, 5}), OK) << "from the ATC, which has no Exe";
  EXPECT_EQ(host->run({OP_READ | SSV | INST, va, 0, 64, 5}), OK);
  EXPECT_EQ(requests(), 2U);
  EXPECT_TRUE(host->up.seen[host->up.seen.size() - 4].instruction);
}

TEST_F(AtcTest, WithUTheAccessGoesUntranslated) {
  Mapping m{pa};
  m.untranslated_only = true;
  host->up.map(5, va, m);
  EXPECT_EQ(host->run(write(va)), OK);
  EXPECT_EQ(host->run(write(va)), OK);
  EXPECT_EQ(requests(), 1U);
  EXPECT_EQ(translated(), 0U);
  EXPECT_TRUE(host->up.seen[2].substream_valid);
  EXPECT_EQ(host->up.seen[2].address, va);
}

TEST_F(AtcTest, LargeRegionsAreOneEntry) {
  Mapping m{Upstream::base + 0x400000};
  m.shift = 21;
  host->up.map(5, 0x400000, m);
  EXPECT_EQ(host->run(write(0x400800, 0x10000)), OK);
  EXPECT_EQ(requests(), 1U);
  EXPECT_EQ(translated(), 17U);
  // A page of it, and all of it goes.
  EXPECT_EQ(host->invalidate(5, 0x5ff000, 0x5fffff).use, 0U);
  EXPECT_EQ(host->get_register(ATC_USED), 0U);
}

TEST_F(AtcTest, RequestsAreAlignedToTheSmallestTranslationUnit) {
  make(AtsHost::plain, 4);
  Mapping m{Upstream::base + 0x100000};
  m.shift = 16;
  host->up.map(5, 0x110000, m);
  EXPECT_EQ(host->run(write(0x11f000)), OK);
  EXPECT_EQ(host->up.seen[1].address, 0x110000U);
  // Base 10.5.1.3: no answer is smaller.
  host->up.map(5, 0x120000, {pa});
  EXPECT_EQ(host->run(write(0x120000)), TRANSLATION_ERROR);
  EXPECT_EQ(host->response(1), 5U);
  EXPECT_EQ(host->captured.count("translation"), 1U);
}

TEST_F(AtcTest, AnAnswerThatIsNoneEndsTheJob) {
  Mapping m{pa + 0x1000};
  m.shift = 16;
  host->up.map(5, 0x100000, m);
  EXPECT_EQ(host->run(write(va)), TRANSLATION_ERROR) << "its address is not aligned";
  host->up.map(5, 0x100000, {pa});
  host->up.tables.erase({5, 0x100000});
  host->up.map(5, va, {pa});
  host->up.always_privileged = true;
  EXPECT_EQ(host->run(write(va)), TRANSLATION_ERROR) << "Priv that was not requested";
  EXPECT_EQ(host->run(write(va, 64, SSV | PRIV)), OK);
  EXPECT_EQ(host->captured.count("translation"), 2U);
}

TEST_F(AtcTest, ErrorsOfATranslationRequestAreNotTriedAgain) {
  host->up.map(5, va, {pa});
  host->up.status = DmaTranslationStatus::UnsupportedRequest;
  EXPECT_EQ(host->run(write(va)), TRANSLATION_ERROR);
  EXPECT_EQ(host->response(0), 1U);
  host->up.status = DmaTranslationStatus::CompleterAbort;
  EXPECT_EQ(host->run(write(va, 8192)), TRANSLATION_ERROR);
  EXPECT_EQ(host->response(1), 5U);
  EXPECT_EQ(requests(), 2U);
  EXPECT_EQ(counters().errors, 2U);
  EXPECT_EQ(host->get_register(ATC_USED), 0U);
}

TEST_F(AtcTest, WithoutRightsTheJobEndsAndNothingIsKept) {
  EXPECT_EQ(host->run(write(va)), NO_RIGHTS);
  EXPECT_EQ(host->get_register(ATC_USED), 0U);
  host->up.map(5, va, {pa, 12, true, false});
  EXPECT_EQ(host->run(write(va - 0x40, 128)), NO_RIGHTS);
  host->up.map(5, va - 0x1000, {pa + 0x1000});
  EXPECT_EQ(host->run(write(va - 0x40, 128)), NO_RIGHTS);
  EXPECT_EQ(host->result(2, 0x30, 8), 0x40U) << "DONE: what came before it";
  EXPECT_EQ(host->run({OP_READ | SSV, va, 0, 64, 5}), OK);
}

TEST_F(AtcTest, TheOldestEntryIsReplaced) {
  make(AtsHost::plain, 0, {4, 32, 32, true});
  for (unsigned i = 0; i < 6; ++i) host->up.map(5, va + 0x1000 * i, {pa + 0x1000 * i});
  EXPECT_EQ(host->run(write(va, 0x4000)), OK);
  EXPECT_EQ(host->run(write(va, 0x4000)), OK);
  EXPECT_EQ(requests(), 4U);
  EXPECT_EQ(host->run(write(va + 0x4000)), OK);
  EXPECT_EQ(host->get_register(ATC_USED), 4U);
  EXPECT_EQ(host->run(write(va + 0x1000, 0x4000)), OK);
  EXPECT_EQ(requests(), 5U);
  EXPECT_EQ(host->run(write(va)), OK);
  EXPECT_EQ(requests(), 6U);
}

TEST_F(AtcTest, SoftwareLimitsAndFlushesTheEntries) {
  for (unsigned i = 0; i < 4; ++i) host->up.map(5, va + 0x1000 * i, {pa + 0x1000 * i});
  EXPECT_EQ(host->run(write(va, 0x4000)), OK);
  host->put_register(ATC_LIMIT, 2);
  EXPECT_EQ(host->get_register(ATC_USED), 2U);
  host->put_register(ATC_LIMIT, 0);
  EXPECT_EQ(host->get_register(ATC_LIMIT), 1U);
  host->put_register(ATC_LIMIT, 1000);
  EXPECT_EQ(host->get_register(ATC_LIMIT), 32U);
  host->put_register(ATS_CTRL, FLUSH);
  EXPECT_EQ(host->get_register(ATS_CTRL), 0U);
  EXPECT_EQ(host->get_register(ATC_USED), 0U);
  host->put_register(ATS_CTRL, NO_FILL);
  EXPECT_EQ(host->run(write(va, 0x2000)), OK);
  EXPECT_EQ(host->run(write(va, 0x2000)), OK);
  EXPECT_EQ(requests(), 8U);
  EXPECT_EQ(host->get_register(ATC_USED), 0U);
}

TEST_F(AtcTest, TheRingMayGoThroughTheAtc) {
  host->put_register(ATS_CTRL, RING);
  host->submit(write(pa, 64, UNTRANSLATED));
  host->run();
  EXPECT_EQ(host->get_register(DEV_STATUS), 2U) << "no translation: RING_ERROR";
  host->put_register(DEV_CTRL, 0);
  host->up.map(Upstream::no_pasid, AtsHost::ring, {AtsHost::ring});
  host->start();
  EXPECT_EQ(host->run(write(pa, 64, UNTRANSLATED)), OK);
  EXPECT_EQ(translated(), 3U);
}

TEST_F(AtcTest, TranslateTellsTheAnswer) {
  Mapping m{Upstream::base + 0x200000};
  m.shift = 16;
  m.execute = m.global = m.untranslated_only = true;
  host->up.map(5, 0x110000, m);
  EXPECT_EQ(host->run({OP_TRANSLATE | SSV | INST | PRIV, 0x11f123, 0, 0, 5}), OK);
  EXPECT_EQ(host->result(0, 0x38, 8), m.output | 0x3f);
  EXPECT_EQ(host->result(0, 0x30, 8), 0x10000U);
  EXPECT_EQ(host->get_register(ATC_USED), 1U);
  EXPECT_EQ(host->run({OP_TRANSLATE | SSV | NO_WRITE, 0x110000, 0, 0, 5}), OK);
  EXPECT_EQ(host->result(1, 0x38, 8), m.output | 0x31);
  EXPECT_EQ(host->run({OP_TRANSLATE | SSV, 0x310000, 0, 0, 5}), OK) << "without rights";
  EXPECT_EQ(host->result(2, 0x38, 8), 0U);
  host->up.status = DmaTranslationStatus::UnsupportedRequest;
  EXPECT_EQ(host->run({OP_TRANSLATE | SSV, 0x110000, 0, 0, 5}), TRANSLATION_ERROR);
  EXPECT_EQ(host->run({OP_TRANSLATE | SSV | MARKER, 0x110000, 0, 0, 5}), BAD_DESCRIPTOR);
}

TEST_F(AtcTest, APasidNeedsWhatSoftwareHasEnabled) {
  host->up.map(5, va, {pa});
  const auto pasid = host->capability(ID_PASID) + PASID_CONTROL;
  struct Case {
    std::uint32_t control, flags, pasid, status;
  };
  for (const Case& c :
       {Case{7, SSV | PRIV, 5, OK}, Case{0, SSV, 5, BAD_DESCRIPTOR}, Case{1, SSV, 5, OK},
        Case{1, SSV | PRIV, 5, BAD_DESCRIPTOR}, Case{1, SSV | INST, 5, BAD_DESCRIPTOR},
        Case{3, SSV | INST, 5, OK}, Case{5, SSV | PRIV, 5, OK}, Case{7, PRIV, 5, BAD_DESCRIPTOR},
        Case{7, INST, 5, BAD_DESCRIPTOR}, Case{7, SSV, 256, BAD_DESCRIPTOR}, Case{6, SSV, 5, BAD_DESCRIPTOR},
        Case{7, SSV | NO_WRITE, 5, BAD_DESCRIPTOR}, Case{7, SSV | MARKER, 5, BAD_DESCRIPTOR},
        Case{7, SSV | 1U << 17, 5, BAD_DESCRIPTOR}}) {
    host->put_config(pasid, c.control);
    EXPECT_EQ(host->run(write(va, 64, c.flags, c.pasid)), c.status)
        << c.control << " " << std::hex << c.flags << " " << c.pasid;
  }
}

TEST_F(AtcTest, WhatIsDisabledWhileAJobRunsEndsItsNextAccess) {
  const auto pasid = host->capability(ID_PASID) + PASID_CONTROL;
  const auto ats = host->capability(ID_ATS) + ATS_CONTROL;
  struct Case {
    std::uint32_t flags, offset, value;
  };
  for (const Case& c : {Case{SSV, pasid, 6}, Case{SSV | PRIV, pasid, 3}, Case{TRANSLATED, ats, 0}}) {
    host->put_config(pasid, 7);
    host->put_config(ats, ATS_ENABLE);
    host->up.map(5, va, {pa});
    const bool translated_job = (c.flags & TRANSLATED) != 0;
    const unsigned slot = host->submit(write(translated_job ? pa : va, 0x2000, c.flags));
    const std::size_t before = translated();
    while (translated() == before) ASSERT_TRUE(host->step());
    host->put_config(c.offset, c.value);
    host->run();
    EXPECT_EQ(host->status(slot), WRITE_ERROR) << std::hex << c.flags;
    EXPECT_EQ(host->response(slot), 1U);
    EXPECT_EQ(host->result(slot, 0x30, 8), 0x1000U);
  }
}

TEST_F(AtcTest, WithoutPriPagesAreNotThere) {
  make("port[dma(ats, pasid=8)]");
  host->up.map(5, va, {pa});
  EXPECT_EQ(host->run(write(va, 64, SSV | PAGES)), BAD_DESCRIPTOR);
  EXPECT_EQ(host->run({OP_PASID_STOP | SSV | MARKER, 0, 0, 0, 5}), BAD_DESCRIPTOR);
  EXPECT_EQ(host->run({OP_PASID_STOP | SSV, 0, 0, 0, 5}), OK);
  make("port[dma(pasid=8)]");
  EXPECT_EQ(host->run(write(va, 64, SSV | UNTRANSLATED)), BAD_DESCRIPTOR);
  EXPECT_EQ(host->run({OP_TRANSLATE | SSV, va, 0, 0, 5}), BAD_DESCRIPTOR);
  host->up.map(5, va, {pa});
  EXPECT_EQ(host->run(write(va)), OK);
  EXPECT_EQ(requests() + translated(), 0U);
}

// ---- invalidations

TEST_F(AtcTest, AnInvalidationTakesWhatItNamesAndNothingElse) {
  struct Case {
    int pasid;
    bool global;
    std::uint64_t first, last;
    // The entries that stay of: no PASID, 5, 6 at va; 5 at va + 1 page; 5 global at va + 2 pages.
    bool none, five, six, page, everybody;
  };
  for (const Case& c : {
           Case{5, false, va, va + 0xfff, true, false, true, true, true},
           Case{5, false, 0, ~0ULL, true, false, true, false, false},
           Case{6, false, va + 0xfff, va + 0x1000, true, true, false, true, true},
           Case{6, false, 0, ~0ULL, true, true, false, true, false},
           Case{-1, false, 0, ~0ULL, false, true, true, true, true},
           Case{-1, true, va, va + 0xfff, false, false, false, true, true},
           Case{5, true, 0, ~0ULL, false, false, false, false, false},
           Case{7, true, va + 0x1000, va + 0x2fff, true, true, true, false, false},
           Case{5, false, va + 0x3000, va + 0x3fff, true, true, true, true, true},
       }) {
    make();
    for (const int pasid : {-1, 5, 6}) host->up.map(pasid, va, {pa});
    host->up.map(5, va + 0x1000, {pa + 0x1000});
    Mapping global{pa + 0x2000};
    global.global = true;
    host->up.map(5, va + 0x2000, global);
    EXPECT_EQ(host->run(write(va, 64, 0)), OK);
    EXPECT_EQ(host->run(write(va, 0x3000)), OK);
    EXPECT_EQ(host->run(write(va, 64, SSV, 6)), OK);
    ASSERT_EQ(host->get_register(ATC_USED), 5U);
    EXPECT_EQ(host->invalidate(c.pasid, c.first, c.last, c.global).use, 0U) << "nothing is under way";
    const auto stays = [&](std::uint32_t pasid, std::uint64_t address, std::uint32_t flags = SSV) {
      const std::size_t before = requests();
      EXPECT_EQ(host->run(write(address, 64, flags, pasid)), OK);
      return requests() == before;
    };
    const auto text = [&] { return std::to_string(c.pasid) + (c.global ? " global" : ""); };
    EXPECT_EQ(stays(0, va, 0), c.none) << text();
    EXPECT_EQ(stays(5, va), c.five) << text();
    EXPECT_EQ(stays(6, va), c.six) << text();
    EXPECT_EQ(stays(5, va + 0x1000), c.page) << text();
    EXPECT_EQ(stays(5, va + 0x2000), c.everybody) << text();
  }
}

TEST_F(AtcTest, WithoutGlobalInvalidateSupportedTheBitIsIgnored) {
  make("port[dma(ats)]");
  host->up.map(Upstream::no_pasid, va, {pa});
  EXPECT_EQ(host->run(write(va, 64, 0)), OK);
  host->invalidate(5, 0, ~0ULL, true);
  EXPECT_EQ(host->get_register(ATC_USED), 1U);
  host->invalidate(-1, 0, ~0ULL, true);
  EXPECT_EQ(host->get_register(ATC_USED), 0U);
}

TEST_F(AtcTest, AnInvalidationWaitsForTheAccessThatUsesTheEntry) {
  host->up.map(5, va, {pa});
  host->submit(write(va));
  DmaOperation o;
  DmaBuffer data{};
  for (;;) {
    ASSERT_TRUE(host->endpoint().next(o, data));
    if (o.ats == DmaAts::Translated) break;
    const DmaResponse response = host->up.perform(o, data);
    host->endpoint().complete(o, response, data);
  }
  // One of another address, or PASID, has nothing to wait for.
  EXPECT_EQ(host->invalidate(5, va + 0x1000, va + 0x1fff).use, 0U);
  EXPECT_EQ(host->invalidate(6, va, va + 0xfff).use, 0U);
  const auto begun = host->invalidate(5, va, va + 0xfff);
  EXPECT_FALSE(host->endpoint().invalidated(begun.use));
  EXPECT_EQ(host->get_register(ATC_USED), 0U);
  host->endpoint().complete(o, DmaResponse::Ok, data);
  EXPECT_TRUE(host->endpoint().invalidated(begun.use));
}

TEST_F(AtcTest, AnAnswerThatAnInvalidationOvertakesFillsNothing) {
  // The invalidation is of the page that is asked for, or of another one of the same region.
  for (const std::uint64_t page : {0x400000U, 0x5ff000U}) {
    make();
    Mapping old{Upstream::base + 0x400000};
    old.shift = 21;
    host->up.map(5, 0x400000, old);
    host->submit(write(0x400000));
    DmaOperation o;
    DmaBuffer data{};
    for (;;) {
      ASSERT_TRUE(host->endpoint().next(o, data));
      const DmaResponse response = host->up.perform(o, data);
      if (o.ats == DmaAts::TranslationRequest) break;
      host->endpoint().complete(o, response, data);
    }
    host->up.map(5, 0x400000, {Upstream::base + 0x200000, 21});
    EXPECT_TRUE(host->endpoint().invalidated(host->invalidate(5, page, page + 0xfff).use));
    host->endpoint().complete(o, DmaResponse::Ok, data);
    EXPECT_EQ(host->get_register(ATC_USED), 0U);
    host->run();
    EXPECT_EQ(host->status(0), OK);
    EXPECT_EQ(requests(), 2U);
    EXPECT_EQ(*host->up.at(Upstream::base + 0x400008), 0) << "the old translation was not used";
    EXPECT_NE(*host->up.at(Upstream::base + 0x200008), 0);
  }
}

TEST_F(AtcTest, AnInvalidationBetweenAnswerAndAccessIsHeeded) {
  host->up.map(5, va, {pa});
  host->submit(write(va));
  for (;;) {
    ASSERT_TRUE(host->step());
    if (requests() != 0) break;
  }
  host->up.map(5, va, {pa + 0x1000});
  EXPECT_EQ(host->invalidate(5, va, va + 0xfff).use, 0U);
  host->run();
  EXPECT_EQ(*host->up.at(pa + 8), 0);
  EXPECT_NE(*host->up.at(pa + 0x1008), 0);
}

TEST_F(AtcTest, SoftwareMayKeepInvalidationsFromCompleting) {
  host->up.map(5, va, {pa});
  EXPECT_EQ(host->run(write(va)), OK);
  host->put_register(ATS_CTRL, NO_COMPLETION);
  EXPECT_TRUE(host->invalidate(5, va, va + 0xfff).lost);
  EXPECT_EQ(host->get_register(ATC_USED), 0U) << "it is carried out all the same";
}

TEST_F(AtcTest, WhatPutsTheFunctionAsideEmptiesTheAtc) {
  const auto ats = host->capability(ID_ATS) + ATS_CONTROL;
  const auto pasid = host->capability(ID_PASID) + PASID_CONTROL;
  const auto fill = [&] {
    host->up.map(5, va, {pa});
    host->up.map(Upstream::no_pasid, va, {pa});
    EXPECT_EQ(host->run(write(va)), OK);
    EXPECT_EQ(host->run(write(va, 64, 0)), OK);
    EXPECT_EQ(host->get_register(ATC_USED), 2U);
  };
  fill();
  host->put_config(COMMAND, MEMORY);
  EXPECT_EQ(host->get_register(ATC_USED), 2U) << "Bus Master Enable changes nothing";
  EXPECT_FALSE(host->invalidate(5, va + 0x1000, va + 0x1fff).lost) << "and invalidations are completed";
  host->put_config(COMMAND, MEMORY | MASTER);
  host->put_config(ats, 0);
  EXPECT_EQ(host->get_register(ATC_USED), 0U);
  host->put_config(ats, ATS_ENABLE);
  fill();
  host->put_config(pasid, 6);
  EXPECT_EQ(host->get_register(ATC_USED), 1U) << "those of PASIDs go";
  host->put_config(pasid, 7);
  fill();
  host->put_config(PMCSR, 3);
  EXPECT_TRUE(host->invalidate(5, va, va + 0xfff).lost);
  host->put_config(PMCSR, 0);
  EXPECT_EQ(host->get_register(ATC_USED), 0U);
  fill();
  host->put_config(DEVICE_CONTROL, 0x8000);
  EXPECT_EQ(host->get_config(ats), 0U);
  EXPECT_FALSE(host->invalidate(5, va, va + 0xfff).lost) << "a function with ATS completes";
}

TEST_F(AtcTest, DisablingAtsOvertakesAnAnswer) {
  const auto ats = host->capability(ID_ATS) + ATS_CONTROL;
  host->up.map(5, va, {pa});
  host->submit(write(va));
  DmaOperation o;
  DmaBuffer data{};
  do {
    ASSERT_TRUE(host->endpoint().next(o, data));
    const DmaResponse response = host->up.perform(o, data);
    if (o.ats == DmaAts::TranslationRequest) {
      host->put_config(ats, 0);
      host->put_config(ats, ATS_ENABLE);
    }
    host->endpoint().complete(o, response, data);
  } while (o.ats != DmaAts::TranslationRequest);
  EXPECT_EQ(host->get_register(ATC_USED), 0U);
  host->put_config(ats, 0);
  host->run();
  EXPECT_EQ(host->status(0), OK);
  EXPECT_EQ(translated(), 0U) << "the rest of the job goes untranslated";
}

TEST_F(AtcTest, AResetOvertakesAnAnswer) {
  host->up.map(5, va, {pa});
  host->submit(write(va));
  DmaOperation o;
  DmaBuffer data{};
  do {
    ASSERT_TRUE(host->endpoint().next(o, data));
    const DmaResponse response = host->up.perform(o, data);
    if (o.ats == DmaAts::TranslationRequest) host->put_config(DEVICE_CONTROL, 0x8000);
    host->endpoint().complete(o, response, data);
  } while (o.ats != DmaAts::TranslationRequest);
  EXPECT_EQ(host->endpoint().translator().atc().used(), 0U);
  EXPECT_FALSE(host->endpoint().next(o, data));
}

TEST_F(AtcTest, SavedStateGoesOnAtAnyMoment) {
  for (unsigned steps = 0; steps < 14; ++steps) {
    make();
    host->up.map(5, va, {pa});
    host->up.map(5, va + 0x1000, {pa + 0x1000});
    host->submit(write(va + 0x800, 0x1000));
    for (unsigned i = 0; i < steps; ++i) host->step();
    const auto saved = test::save(host->pci);
    AtsHost other;
    ASSERT_EQ(test::load(other.pci, saved), "");
    EXPECT_EQ(test::save(other.pci), saved) << steps;
    other.up.tables = host->up.tables;
    other.up.memory = host->up.memory;
    other.run();
    host->run();
    EXPECT_EQ(test::save(other.pci), test::save(host->pci)) << steps;
    EXPECT_EQ(other.up.memory, host->up.memory);
    EXPECT_EQ(host->status(0), OK);
  }
}

}  // namespace
}  // namespace smmuvp
