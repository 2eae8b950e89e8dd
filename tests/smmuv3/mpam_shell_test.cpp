// The SystemC module with MPAM: labels in payloads, of clients and at the walk port (IHI 0070 17.2, 17.4).
#include <map>
#include <string>

#include "shell_bench.h"

namespace smmuvp::shell {
namespace {

using smmuv3::World;

struct MpamBench : Bench {
  explicit MpamBench(const sc_core::sc_module_name& name) : Bench(name, parameters()) {}
  static Params parameters() {
    Params p = Bench::parameters();
    for (const char* flag : {"MPAM", "RIL", "FWB", "Hyp"}) p.set(flag, true);
    p.set("BBML", 1);
    p.set("PARTID_MAX", 0x34);
    p.set("PMG_MAX", 0x0f);
    return p;
  }
};
}  // namespace

static MpamBench& mpam_bench() {
  static MpamBench b("mpam_bench");
  return b;
}

namespace {

void expect_label(const AccessExtension& e, unsigned PARTID, unsigned PMG) {
  EXPECT_EQ(e.mpam_partid, PARTID);
  EXPECT_EQ(e.mpam_pmg, PMG);
  EXPECT_EQ(e.mpam_space, AddressSpace::non_secure);
}

TEST(MpamShell, LabelsGoOnWithPayloadsAndWithTheSmmusOwn) {
  MpamBench& b = mpam_bench();
  pgtable::Builder& vas = b.world.stream(7);
  ASSERT_TRUE(vas.map(0x10000, 0x8000'0000, 0x1000));
  const std::uint64_t cd = World::cd_address(7);
  b.world.memory.write(cd + 40, std::uint64_t{0x12} << 32 | std::uint64_t{6} << 48);
  b.world.put_ste(7, smmuv3::ste_stage1(cd).set(272, 16, 0x21).set(320, 8, 5).set(90, 1, 1));
  std::map<std::uint64_t, AccessExtension> own;
  b.on_own_access = [&](tlm::tlm_generic_payload& p) {
    own[p.get_address()] = *p.get_extension<AccessExtension>();
  };
  b.in_simulation([&] {
    std::uint32_t v = 0;
    b.set(0x13c, 1U << 31 | 2U << 16 | 0x11U);
    EXPECT_EQ(b.transport(0x10000, &v, 4, false), tlm::TLM_OK_RESPONSE);  // SMMUEN is 0
    b.set(0x138, 1U << 31 | 9U << 16 | 0x30U);
    b.start();
    for (unsigned n = 0; n < 3; ++n) {  // walked, and by the TBU
      AccessExtension e;
      e.mpam_partid = 0x7777;  // 17.2: what a client gives does not pass
      EXPECT_EQ(b.transport(0x10000 + 4 * n, &v, 4, n == 2, &e), tlm::TLM_OK_RESPONSE);
    }
    b.push(0x46);
  });
  ASSERT_EQ(b.seen.size(), 4U);
  expect_label(b.seen[0].extension, 0x11, 2);
  for (unsigned n = 1; n < 4; ++n) expect_label(b.seen[n].extension, 0x12, 6);
  expect_label(own.at(World::strtab + 64 * 7), 0x30, 9);
  expect_label(own.at(cd), 0x21, 5);
  expect_label(own.at(vas.descriptor_address(0x10000, 3).value_or(0)), 0x12, 6);
  expect_label(own.at(World::cmdq), 0x30, 9);
}

}  // namespace
}  // namespace smmuvp::shell

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  smmuvp::shell::mpam_bench();
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  return RUN_ALL_TESTS();
}
int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }
