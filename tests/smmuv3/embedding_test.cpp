// SMMUs in somebody else's hierarchy: parameters, names, saved state.
#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <memory>
#include <sstream>
#include <string>

#include "smmuvp/smmuv3/smmuv3.h"
#include "smmuvp/test/bench.h"

namespace smmuvp {
namespace {

/// An SMMU whose sockets are all bound.
struct Soc : sc_core::sc_module {
  Soc(const sc_core::sc_module_name& name, const Params& params, Host& host)
      : sc_module(name), smmu("smmu0", params, host) {
    cpu.bind(smmu.registers);
    master.bind(smmu.tbu_in[0]);
    smmu.tbu_out[0].bind(data);
    smmu.walk.bind(walks);
  }
  /// A read that no register has: the guest's mistake.
  void wrong_read() {
    std::uint16_t value = 0;
    tlm::tlm_generic_payload p;
    test::Master::fill(p, tlm::TLM_READ_COMMAND, 0x20, &value, sizeof value);
    sc_core::sc_time delay;
    cpu->b_transport(p, delay);
  }
  SmmuV3<> smmu;
  tlm_utils::simple_initiator_socket<Soc, 64> cpu{"cpu"}, master{"master"};
  tlm_utils::simple_target_socket<Soc, 64> data{"data"}, walks{"walks"};
};

struct Top : sc_core::sc_module {
  Top(const sc_core::sc_module_name& name, Host& host)
      : sc_module(name),
        left("left", SmmuV3<>::default_params(), host),
        right("right", SmmuV3<>::default_params(), host),
        wide("wide", params_of_wide(), host) {}
  static Params params_of_wide() {
    Params p = SmmuV3<>::default_params();
    p.set("OAS", 48);
    return p;
  }
  Soc left, right, wide;
};

struct Bench {
  test::CapturingHost host;
  Top top{"top", host};
};

Bench& bench() {
  static Bench b;
  test::advance();
  b.host.diagnostics.clear();
  return b;
}

/// What the SMMU says of its parameters.
std::string refusal(const Params& params, std::string* key = nullptr) {
  try {
    SmmuV3<> smmu("refused", params);
  } catch (const ConfigError& e) {
    if (key != nullptr) *key = e.key();
    return e.what();
  }
  return "";
}

// The first: modules cannot be made once simulation has started.
TEST(Embedding, AParameterThatCannotBeIsAnErrorThatNamesInstanceTypeAndParameter) {
  std::string key;
  Params beyond = SmmuV3<>::default_params();
  beyond.set("SIDSIZE", 8);
  beyond.set("tbu0_stream_id", 0x100);
  EXPECT_EQ(
      refusal(beyond, &key),
      "refused (smmuv3): parameter 'tbu0_stream_id': 256 is beyond SIDSIZE, which is 8: expected 0 to 255");
  EXPECT_EQ(key, "tbu0_stream_id");

  Params unused = SmmuV3<>::default_params();
  unused.set("tbu5_stream_id", 0);
  EXPECT_EQ(refusal(unused, &key),
            "refused (smmuv3): parameter 'tbu5_stream_id' is unused: tbus is 1, so the last TBU is tbu0");
  EXPECT_EQ(key, "tbu5_stream_id");

  Params fixed = SmmuV3<>::default_params();
  fixed.set("tbu1_fixed", true);
  EXPECT_EQ(refusal(fixed, &key),
            "refused (smmuv3): parameter 'tbu1_fixed' is unused: tbus is 1, so the last TBU is tbu0");
  EXPECT_EQ(key, "tbu1_fixed");

  Params sets = SmmuV3<>::default_params();
  sets.set("tlb_sets", 3);
  EXPECT_EQ(refusal(sets, &key), "refused (smmuv3): tlb_sets is a power of two");
  EXPECT_EQ(key, "tlb_sets");

  Params level = SmmuV3<>::default_params();
  level.set("ST_LEVEL", 0);
  EXPECT_EQ(refusal(level, &key),
            "refused (smmuv3): SIDSIZE of 7 or more needs two-level Stream tables (ST_LEVEL 1)");
}

TEST(Embedding, AParameterIsRefusedByTheNameOfItsOwner) {
  Params p = SmmuV3<>::default_params("top.left.smmu0");
  try {
    p.set("OAS", 47);
    FAIL() << "accepted";
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(),
                 "top.left.smmu0 (smmuv3): parameter 'OAS': 47 is none of 32, 36, 40, 42, 44, 48, 52");
  }
}

TEST(Embedding, SmmusOfOneBasenameAreToldApart) {
  Bench& b = bench();
  b.top.left.wrong_read();
  b.top.right.wrong_read();
  ASSERT_EQ(b.host.diagnostics.size(), 2U);
  EXPECT_EQ(b.host.diagnostics[0].source, "top.left.smmu0");
  EXPECT_EQ(b.host.diagnostics[1].source, "top.right.smmu0");
  EXPECT_STREQ(b.top.left.smmu.kind(), "smmuv3");
}

TEST(Embedding, AStateOfAnotherConfigurationIsRefusedByItsParameter) {
  Bench& b = bench();
  std::stringstream stream;
  ASSERT_FALSE(b.top.left.smmu.save(stream));
  const auto error = b.top.wide.smmu.load(stream);
  ASSERT_TRUE(error);
  EXPECT_EQ(to_text(*error), "top.wide.smmu0 (smmuv3), parameter 'OAS': saved with 44, expected 48");
}

TEST(Embedding, AStateIsLoadedIntoAnotherInstanceOfTheSameConfiguration) {
  Bench& b = bench();
  std::stringstream first, second;
  ASSERT_FALSE(b.top.left.smmu.save(first));
  ASSERT_FALSE(b.top.right.smmu.load(first));
  ASSERT_FALSE(b.top.right.smmu.save(second));
  EXPECT_EQ(first.str(), second.str());
}

}  // namespace
}  // namespace smmuvp
