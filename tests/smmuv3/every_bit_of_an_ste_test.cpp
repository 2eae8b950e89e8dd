// Each bit of a valid STE, turned over. The table is written from IHI 0070 5.2, field by field; it knows no
// field of the model's.
#include <gtest/gtest.h>

#include "every_bit.h"

namespace smmuvp::smmuv3 {
namespace {

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
    {"MEV: event_merge_window is 0", 83, 83, "----"},
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

// With MPAM: PARTID 5 and PMG 3, S1MPAM, and a VMS. Values beyond the maxima are 0.
constexpr SteRow mpam_rows[] = {
    {"S1MPAM", 90, 90, "-E-E"},   {"PARTID", 287, 272, "EEEE"},
    {"PMG", 327, 320, "EEEE"},    {"MPAM_NS: Secure streams", 328, 328, "----"},
    {"VMSPtr", 363, 332, "---E"}, {"VMSPtr beyond OAS", 375, 364, "---I"},
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
  std::string see(unsigned bit, bool mpam = false) const {
    Features f = features();
    Stage2World w(mpam ? add_mpam(f) : f);
    Structure s = make(w);
    if (mpam) {
      s.set(272, 16, 5).set(320, 8, 3).set(90, 1, 1).set(332, 44, 0x6100'0000 >> 12);
      for (unsigned i = 0; i < 8; ++i) w.memory.write(cds + 64ULL * i + 44, 0x0100'0002 + i, 4);
      for (unsigned i = 0; i < 32; ++i) w.memory.write(0x6100'0000 + 2 * i, 0x3f - i, 2);
    }
    if (bit < 512) s.words[bit / 64] ^= 1ULL << (bit % 64);
    w.put_ste(sid, s);
    return seen(w, accesses());
  }
  void check(const SteRow& row, const std::string& before, bool mpam = false) const {
    for (unsigned bit = row.low; bit <= row.high; ++bit) {
      SCOPED_TRACE(::testing::Message() << "Config " << Config() << ", bit " << bit << ", " << row.what);
      const std::string after = see(bit, mpam);
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
};

TEST_P(EveryBitOfAnSte, DoesWhatItsFieldSays) {
  const std::string before = see(512);
  ASSERT_FALSE(has_event(before, 0x04, sid)) << before;
  unsigned next = 0;
  for (const SteRow& row : ste_rows) {
    ASSERT_EQ(row.low, next) << row.what << ": each bit is in one row";
    next = row.high + 1;
    check(row, before);
  }
  EXPECT_EQ(next, 512U);
}

TEST_P(EveryBitOfAnSte, OfMpamDoesWhatItsFieldSays) {
  const std::string before = see(512, true);
  ASSERT_FALSE(has_event(before, 0x04, sid)) << before;
  for (const SteRow& row : mpam_rows) check(row, before, true);
}
INSTANTIATE_TEST_SUITE_P(Configs, EveryBitOfAnSte, ::testing::Values(4U, 5U, 6U, 7U));

}  // namespace
}  // namespace smmuvp::smmuv3
