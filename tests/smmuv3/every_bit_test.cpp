// Each bit of a valid STE and of a valid CD, turned over: it changes nothing, or what its field says, or the
// structure is ILLEGAL. The tables below are written from IHI 0070 5.2 and 5.4, field by field; they know no
// field of the model's.
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AccessRequest;

/// All that a client, memory, and a reader of the Event queue and of TLB tags can see of some accesses.
std::string seen(World& w, const std::vector<AccessRequest>& accesses) {
  std::ostringstream text;
  text << std::hex;
  for (const AccessRequest& r : accesses) {
    {
      Access a(w.smmu, r);
      smmu::Step step = a.step();
      for (; step != smmu::Step::done; step = a.step()) {
        if (step != smmu::Step::need) {
          w.work();
          continue;
        }
        text << a.op().purpose << " " << a.op().address << " " << int{a.op().attributes.memory} << " "
             << static_cast<int>(a.op().attributes.SH) << "\n";
        a.complete(w.memory.carry_out(a.op()));
      }
      const smmu::AccessAnswer& n = a.answer();
      text << static_cast<int>(n.outcome);
      if (n.outcome == smmu::Outcome::forward) {
        text << " " << n.output << " " << int{n.attributes.memory} << " " << static_cast<int>(n.attributes.SH)
             << " " << n.privileged << n.instruction;
      }
      text << "\n";
    }
    w.work();
    while (const auto e = w.pop_event()) {
      for (const std::uint64_t word : *e) text << "event " << word << " ";
      text << "\n";
    }
  }
  w.smmu.engine().tlb().for_each([&](const smmu::Tlb::Entry& e) {
    const smmu::Tag tag = e.tag();
    text << int{tag.regime} << " " << tag.vmid << " " << tag.asid << " " << int{tag.asid_set} << "\n";
  });
  return text.str();
}

bool has_event(const std::string& text, unsigned type, std::uint32_t sid) {
  std::ostringstream word;
  word << std::hex << (std::uint64_t{sid} << 32 | type);
  return text.find("event " + word.str() + " ") != std::string::npos;
}

/// What becomes of the bits [high:low].
enum Effect : char {
  same = '-',    ///< IGNORED, RES0, or not visible in what one stream does
  acts = 'E',    ///< what the field says, which can be seen
  illegal = 'I'  ///< C_BAD_STE, C_BAD_CD
};

// ---- STE

struct SteRow {
  const char* what;
  unsigned high, low;
  const char* by_config;  ///< Effect with Config 0b100, 0b101, 0b110, 0b111
};

// IDR1.SSIDSIZE is 8, IDR0.CD2L and Hyp are 1; otherwise features have their defaults: 44 bits of OAS, a
// 4 KiB granule, no stalls, no flag updates, SMMUv3.1. The values that are turned over are those of ste().
constexpr SteRow ste_rows[] = {
    {"V", 0, 0, "IIII"},
    {"Config", 3, 1, "EEEE"},
    {"S1Fmt: linear, then of two levels", 5, 4, "-E-E"},
    {"S1ContextPtr[8:6]: RES0 with S1CDMax 3, taken as 0", 8, 6, "----"},
    {"S1ContextPtr", 43, 9, "-E-E"},
    {"S1ContextPtr beyond OAS", 55, 44, "-I-I"},
    {"RES0", 58, 56, "----"},
    {"S1CDMax: 3, then 2, 1, 7", 61, 59, "-E-E"},
    {"S1CDMax: 3, then 11, 19, above SSIDSIZE", 63, 62, "-I-I"},
    {"S1DSS: 2, then 3, 0", 65, 64, "-E-E"},
    {"S1CIR", 67, 66, "-E-E"},
    {"S1COR", 69, 68, "-E-E"},
    {"S1CSH", 71, 70, "-E-E"},
    {"S2HWUx: IDR3.PBHA is 0", 75, 72, "----"},
    {"DRE: no destructive reads", 76, 76, "----"},
    {"CONT: of one stream", 80, 77, "----"},
    {"DCP, PPAR: no such transactions, no PRI", 82, 81, "----"},
    {"MEV: events are never merged", 83, 83, "----"},
    {"SW_RESERVED", 87, 84, "----"},
    {"S1PIE: IDR3.S1PI is 0", 88, 88, "----"},
    {"S2FWB: IDR3.FWB is 0", 89, 89, "----"},
    {"S1MPAM: no MPAM", 90, 90, "----"},
    {"S1STALLD: STALL_MODEL is 0b01", 91, 91, "-I-I"},
    {"EATS: IDR0.ATS is 0", 93, 92, "----"},
    {"STRW[0]: Reserved, of stage 1 alone", 94, 94, "-I--"},
    {"STRW[1]: EL2, of stage 1 alone", 95, 95, "-E--"},
    // 13.4.2: stage 1 replaces incoming attributes, but for the hints of levels that come cacheable.
    {"MemAttr: Write-Back, then Write-Through inside", 96, 96, "E-E-"},
    {"MemAttr: Write-Back, then Non-cacheable inside", 97, 97, "EEEE"},
    {"MemAttr: Write-Back, then Write-Through outside", 98, 98, "E-E-"},
    {"MemAttr: Write-Back, then Non-cacheable outside", 99, 99, "EEEE"},
    {"MTCFG: then Non-cacheable, as it comes", 100, 100, "EEEE"},
    {"ALLOCCFG", 104, 101, "EEEE"},
    {"RES0", 107, 105, "----"},
    {"SHCFG: of incoming attributes, which stage 1 replaces", 109, 108, "E-E-"},
    {"NSCFG: Secure streams", 111, 110, "----"},
    {"PRIVCFG", 113, 112, "EEEE"},
    {"INSTCFG", 115, 114, "EEEE"},
    {"IMPLEMENTATION DEFINED", 127, 116, "----"},
    {"S2VMID", 143, 128, "-EEE"},
    {"IMPLEMENTATION DEFINED", 159, 144, "----"},
    {"S2T0SZ: 24, then 25, 26, 28", 162, 160, "--EE"},
    {"S2T0SZ: 24, then 16, 8, 56", 165, 163, "--II"},
    {"S2SL0: 1, then 0, 3", 167, 166, "--II"},
    {"S2IR0", 169, 168, "--EE"},
    {"S2OR0", 171, 170, "--EE"},
    {"S2SH0", 173, 172, "--EE"},
    {"S2TG: 64 and 16 KiB are not there", 175, 174, "--II"},
    {"S2PS: 44 bits, then 48 and 52, capped at OAS", 177, 176, "----"},
    {"S2PS: 44 bits, then 32", 178, 178, "--EE"},
    {"S2AA64: no VMSAv8-32", 179, 179, "--II"},
    {"S2ENDI", 180, 180, "--EE"},
    {"S2AFFD", 181, 181, "--EE"},
    {"S2PTW: of both stages", 182, 182, "---E"},
    {"S2HD, S2HA: IDR0.HTTU is 0", 184, 183, "--II"},
    {"S2S: STALL_MODEL is 0b01", 185, 185, "--II"},
    {"S2R", 186, 186, "--EE"},
    {"S2HAFT: HTTU is not 0b11", 187, 187, "----"},
    {"S2PIE, S2POE: IDR3.S2PI, S2PO are 0", 189, 188, "----"},
    {"DPT_VMATCH: no DPT", 191, 190, "----"},
    {"S2NSW, S2NSA: Secure streams", 193, 192, "----"},
    {"S2SL0_2, S2DS: IDR5.DS is 0", 195, 194, "----"},
    {"S2TTB[12:4]: two tables are aligned to 8 KiB", 204, 196, "----"},
    {"S2TTB", 235, 205, "--EE"},
    {"S2TTB beyond S2PS", 243, 236, "--II"},
    {"RES0 without VMSAv9-128", 247, 244, "----"},
    {"RES0, S2SKL", 255, 248, "----"},
    {"IMPLEMENTATION DEFINED; PARTID, PMG, VMSPtr: no MPAM; Secure and Realm streams; THE; S2POI", 511, 256,
     "----"},
};

class EveryBitOfAnSte : public ::testing::TestWithParam<unsigned> {
 protected:
  static constexpr std::uint32_t sid = 1;
  static constexpr std::uint64_t va = 0x4000;
  static constexpr std::uint64_t high = 0x80'0000'0000;  // the second of the two concatenated tables
  static constexpr std::uint64_t cds = 0x6000'0000;
  static constexpr std::uint64_t offset = Stage2World::offset;

  static Features features() {
    Features f;
    f.SSIDSIZE = 8;
    f.CD2L = f.Hyp = true;
    return f;
  }
  unsigned Config() const { return GetParam(); }
  bool stage1() const { return (Config() & 1) != 0; }
  bool stage2() const { return (Config() & 2) != 0; }

  /// Tables, CDs, and the STE that uses them.
  Structure make(Stage2World& w) const {
    pgtable::Mapping plain;
    plain.SH = smmu::Shareability::non_shareable;  // shows the shareability that stage 2 combines with
    plain.privileged_execute = plain.unprivileged_execute = true;
    pgtable::Builder& ipas = w.ipa_space();
    pgtable::Mapping device = plain;
    device.MemAttr = 1;
    EXPECT_TRUE(ipas.map(offset + cds, cds, 0x1000, plain));
    EXPECT_TRUE(ipas.map(offset + World::tables, World::tables, 0x10'0000, device));
    pgtable::Mapping stale = plain;
    stale.accessed = false;
    for (const std::uint64_t base : {std::uint64_t{0}, high}) {
      EXPECT_TRUE(ipas.map(base + va, 0x9'8000'0000, 0x1000, plain));
      EXPECT_TRUE(ipas.map(base + va + 0x1000, 0x9'8000'1000, 0x1000, stale));
    }
    pgtable::Builder& vas = stage2() ? w.nested_space(Stage2World::stage1_config()) : w.space();
    for (const std::uint64_t base : {std::uint64_t{0}, high}) {
      const std::uint64_t from = base == 0 ? va : 0xffff'ffff'ffff'0000ULL;
      EXPECT_TRUE(vas.map(from, base + va, 0x2000));
    }
    for (unsigned i = 0; i < 8; ++i)
      w.put(cds + 64ULL * i, cd_for(vas.config(), static_cast<std::uint16_t>(i + 1)));

    Structure s = ste_nested(stage2() ? offset + cds : cds, ipas.config().stage2, 7);
    s.set(1, 3, Config());
    s.set(59, 5, 3).set(64, 2, 2).set(66, 2, 1).set(68, 2, 1).set(70, 2, 3);  // S1CDMax, S1DSS, S1C*
    s.set(96, 4, 0xf).set(100, 1, 1).set(101, 4, 0b1100).set(108, 2, 3);      // MTCFG, ALLOCCFG, SHCFG
    return s.set(112, 2, 2).set(114, 2, 2);                                   // PRIVCFG, INSTCFG
  }
  std::vector<AccessRequest> accesses() const {
    std::vector<AccessRequest> all;
    const auto add = [&all](std::uint64_t address) -> AccessRequest& {
      all.push_back(World::request(sid, address));
      all.back().attributes = {0x44,
                               smmu::Shareability::non_shareable};  // Non-cacheable: none of the overrides
      return all.back();
    };
    add(va);
    AccessRequest& fetch = add(va);
    fetch.privileged = fetch.instruction = true;
    add(va + 0x1000);  // stage 2 has not been accessed there
    add(stage1() ? 0xffff'ffff'ffff'0000ULL : high + va);
    add(0x20'0000'0000 + va);  // not mapped
    for (const std::uint32_t ssid : {0U, 1U, 3U, 5U, 100U}) {
      AccessRequest& r = add(va);
      r.substream_valid = true;
      r.substream_id = ssid;
    }
    return all;
  }
  std::string see(unsigned bit) const {
    Stage2World w(features());
    Structure s = make(w);
    if (bit < 512) s.words[bit / 64] ^= 1ULL << (bit % 64);
    w.put_ste(sid, s);
    return seen(w, accesses());
  }
};

TEST_P(EveryBitOfAnSte, DoesWhatItsFieldSays) {
  const std::string before = see(512);
  ASSERT_FALSE(has_event(before, 0x04, sid)) << before;
  unsigned next = 0;
  for (const SteRow& row : ste_rows) {
    ASSERT_EQ(row.low, next) << row.what << ": each bit is in one row";
    next = row.high + 1;
    for (unsigned bit = row.low; bit <= row.high; ++bit) {
      SCOPED_TRACE(::testing::Message() << "Config " << Config() << ", bit " << bit << ", " << row.what);
      const std::string after = see(bit);
      const bool bad = has_event(after, 0x04, sid);
      switch (row.by_config[Config() - 4]) {
        case same:
          EXPECT_EQ(after, before);
          break;
        case acts:
          EXPECT_NE(after, before);
          EXPECT_FALSE(bad);
          break;
        default:
          EXPECT_TRUE(bad);
          break;
      }
    }
  }
  EXPECT_EQ(next, 512U);
}
INSTANTIATE_TEST_SUITE_P(Configs, EveryBitOfAnSte, ::testing::Values(4U, 5U, 6U, 7U));

// ---- CD

struct CdRow {
  const char* what;
  unsigned high, low;
  Effect el1, el2;  ///< of StreamWorlds NS-EL1 and NS-EL2
};

constexpr CdRow cd_rows[] = {
    {"T0SZ: 25, then 24, 27, 29, 17", 3, 0, acts, acts},
    {"T0SZ: 25, then 9, 57", 5, 4, illegal, illegal},
    {"TG0: 64 and 16 KiB are not there", 7, 6, illegal, illegal},
    {"IR0, OR0, SH0", 13, 8, acts, acts},
    {"EPD0", 14, 14, acts, same},
    {"ENDI", 15, 15, acts, acts},
    {"T1SZ: 25, then 24, 27, 29, 17", 19, 16, acts, same},
    {"T1SZ: 25, then 9, 57", 21, 20, illegal, same},
    {"TG1: 64 KiB is not there, 0b00 is Reserved", 23, 22, illegal, same},
    {"IR1, OR1, SH1", 29, 24, acts, same},
    {"EPD1", 30, 30, acts, same},
    {"V", 31, 31, illegal, illegal},
    {"IPS: 44 bits, then 48 and 52, capped at OAS", 33, 32, same, same},
    {"IPS: 44 bits, then 32", 34, 34, acts, acts},
    {"AFFD", 35, 35, acts, acts},
    {"WXN", 36, 36, acts, acts},
    {"UWXN: VMSAv8-32", 37, 37, same, same},
    {"TBI0", 38, 38, acts, acts},
    {"TBI1", 39, 39, acts, same},
    {"PAN", 40, 40, acts, same},
    {"AA64: no VMSAv8-32", 41, 41, illegal, illegal},
    {"HD, HA: IDR0.HTTU is 0", 43, 42, illegal, illegal},
    {"S: STALL_MODEL is 0b01", 44, 44, illegal, illegal},
    {"R", 45, 45, acts, acts},
    {"A", 46, 46, acts, acts},
    {"ASET", 47, 47, acts, same},
    {"ASID", 63, 48, acts, same},
    {"NSCFG0: Secure streams", 64, 64, same, same},
    {"HAD0", 65, 65, acts, acts},
    {"E0PD0, HAFT: IDR3.E0PD is 0, HTTU is not 0b11", 67, 66, same, same},
    {"TTB0[11:4]: a table is aligned to its size", 75, 68, same, same},
    {"TTB0", 107, 76, acts, acts},
    {"TTB0 beyond IPS", 115, 108, illegal, illegal},
    {"RES0 without VMSAv9-128, PnCH, EPAN, HWU0xx", 127, 116, same, same},
    {"NSCFG1: Secure streams", 128, 128, same, same},
    {"HAD1", 129, 129, acts, same},
    {"E0PD1, AIE: IDR3.E0PD and AIE are 0", 131, 130, same, same},
    {"TTB1[11:4]: a table is aligned to its size", 139, 132, same, same},
    {"TTB1", 171, 140, acts, same},
    {"TTB1 beyond IPS", 179, 172, illegal, same},
    {"RES0 without VMSAv9-128, DS, PIE, HWU1xx", 191, 180, same, same},
    {"MAIR", 255, 192, acts, acts},
    {"AMAIR, IMPLEMENTATION DEFINED, PARTID, PMG, PIIU, PIIP", 511, 256, same, same},
};

class EveryBitOfACd : public ::testing::TestWithParam<bool> {
 protected:
  static constexpr std::uint32_t sid = 1;
  static constexpr std::uint64_t low = 0x4000;
  static constexpr std::uint64_t high = 0xffff'ffff'ffc0'0000ULL;
  static constexpr std::uint64_t far = 0x7f'0000'0000;  // of 39 bits of address

  bool el2() const { return GetParam(); }

  Structure make(World& w) const {
    pgtable::Builder& b = w.space();
    for (const std::uint64_t base : {low, high}) {
      pgtable::Mapping m;
      for (unsigned i = 0; i < 8; ++i) {
        m.AttrIndx = static_cast<std::uint8_t>(i);
        EXPECT_TRUE(b.map(base + 0x1000ULL * i, 0x9'8000'0000 + 0x1000ULL * i, 0x1000, m));
      }
      m = {};
      m.accessed = false;
      EXPECT_TRUE(b.map(base + 0x8000, 0x9'8000'8000, 0x1000, m));
      m = {};
      m.nG = false;
      EXPECT_TRUE(b.map(base + 0x9000, 0x9'8000'9000, 0x1000, m));
      m = {};
      m.unprivileged = false;
      m.privileged_execute = m.unprivileged_execute = true;
      EXPECT_TRUE(b.map(base + 0xa000, 0x9'8000'a000, 0x1000, m));
      // Below a table that forbids writes
      EXPECT_TRUE(b.map(base + 0x20'0000, 0x9'8020'0000, 0x1000));
      const std::uint64_t table = b.descriptor_address(base + 0x20'0000, 2).value_or(0);
      w.memory.write(table, w.memory.read(table, 8) | 1ULL << 62);
    }
    EXPECT_TRUE(b.map(far, 0x9'9000'0000, 0x1000));
    Structure cd = cd_for(b.config(), 1);
    cd.words[3] = ~0ULL;
    return cd;
  }
  std::vector<AccessRequest> accesses() const {
    std::vector<AccessRequest> all;
    const auto add = [&all](std::uint64_t address) -> AccessRequest& {
      all.push_back(World::request(sid, address));
      return all.back();
    };
    for (const std::uint64_t base : {low, high}) {
      for (unsigned i = 0; i < 10; ++i) add(base + 0x1000ULL * i);
      add(base).privileged = true;
      AccessRequest& fetch = add(base + 0xa000);
      fetch.privileged = fetch.instruction = true;
      add(base + 0x20'0000).kind = smmu::AccessKind::write;
      add(base ^ 1ULL << 60);  // a tag
    }
    add(far);
    add(0x80'0000'0000);  // beyond 39 bits, of either range
    add(~0x80'0000'0fffULL);
    return all;
  }
  std::string see(unsigned bit) const {
    Features f;
    f.Hyp = true;
    World w(f);
    w.start();
    Structure cd = make(w);
    if (bit < 512) cd.words[bit / 64] ^= 1ULL << (bit % 64);
    w.put(World::cd_address(sid), cd);
    w.put_ste(sid, ste_stage1(World::cd_address(sid)).set(94, 2, el2() ? 2 : 0));
    return seen(w, accesses());
  }
};

TEST_P(EveryBitOfACd, DoesWhatItsFieldSays) {
  const std::string before = see(512);
  ASSERT_FALSE(has_event(before, 0x0a, sid)) << before;
  unsigned next = 0;
  for (const CdRow& row : cd_rows) {
    ASSERT_EQ(row.low, next) << row.what << ": each bit is in one row";
    next = row.high + 1;
    for (unsigned bit = row.low; bit <= row.high; ++bit) {
      SCOPED_TRACE(::testing::Message() << (el2() ? "EL2" : "EL1") << ", bit " << bit << ", " << row.what);
      const std::string after = see(bit);
      const bool bad = has_event(after, 0x0a, sid);
      switch (el2() ? row.el2 : row.el1) {
        case same:
          EXPECT_EQ(after, before);
          break;
        case acts:
          EXPECT_NE(after, before);
          EXPECT_FALSE(bad);
          break;
        default:
          EXPECT_TRUE(bad);
          break;
      }
    }
  }
  EXPECT_EQ(next, 512U);
}
INSTANTIATE_TEST_SUITE_P(StreamWorlds, EveryBitOfACd, ::testing::Bool());

}  // namespace
}  // namespace smmuvp::smmuv3
