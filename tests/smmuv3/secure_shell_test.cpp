// The SystemC module with a Secure state: whose register accesses, whose streams and whose interrupts.
#include "secure_world.h"
#include "shell_bench.h"

namespace smmuvp::shell {

using smmuv3::SecureWorld;
using smmuv3::World;

struct SecureBench : Bench {
  explicit SecureBench(const sc_core::sc_module_name& name) : Bench(name, parameters()) {
    smmu.s_eventq_irq.bind(s_eventq);
    smmu.s_gerror_irq.bind(s_gerror);
    smmu.s_cmdq_sync_irq.bind(s_sync);
    SMMUVP_HAS_PROCESS(SecureBench);
    SC_METHOD(count_s_eventq);
    sensitive << s_eventq.posedge_event();
    dont_initialize();
    SC_METHOD(count_s_gerror);
    sensitive << s_gerror.posedge_event();
    dont_initialize();
    SC_METHOD(count_s_sync);
    sensitive << s_sync.posedge_event();
    dont_initialize();
  }
  static Params parameters() {
    Params p = Bench::parameters();
    p.set("SECURE_IMPL", true);
    return p;
  }
  void count_s_eventq() { ++s_eventq_edges; }
  void count_s_gerror() { ++s_gerror_edges; }
  void count_s_sync() { ++s_sync_edges; }

  std::uint64_t reg_as(AddressSpace space, std::uint32_t offset, bool write = false, std::uint64_t value = 0,
                       unsigned bytes = 4) {
    AccessExtension e;
    e.address_space = space;
    tlm::tlm_generic_payload p;
    p.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    p.set_address(offset);
    p.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    p.set_data_length(bytes);
    p.set_streaming_width(bytes);
    p.set_extension(&e);
    sc_time d;
    cpu->b_transport(p, d);
    p.clear_extension(&e);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    return value;
  }
  std::uint64_t s_reg(std::uint32_t offset) { return reg_as(AddressSpace::secure, offset); }
  void s_set(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    reg_as(AddressSpace::secure, offset, true, value, bytes);
  }
  /// As start(), of the Secure interface.
  void s_start() {
    s_set(0x8028, 0xd75);
    s_set(0x802c, smmuv3::CR2_RECINVSID);
    s_set(0x8080, World::strtab, 8);
    s_set(0x8088, 8);
    s_set(0x8090, World::cmdq | 5, 8);
    s_set(0x80a0, World::eventq | 3, 8);
    s_set(0x8050, smmuv3::IRQ_CTRL_implemented);
    s_set(0x8020, smmuv3::CR0_implemented);
  }
  void s_push(std::uint64_t word0, std::uint64_t word1 = 0) {
    const std::uint64_t prod = s_reg(0x8098);
    const std::uint64_t at = SecureWorld::secure(World::cmdq + 16 * (prod & 31));
    world.memory.write(at, word0);
    world.memory.write(at + 8, word1);
    s_set(0x8098, (prod + 1) & 63);
  }
  tlm::tlm_response_status of_stream(std::uint32_t sid, bool secure, AddressSpace space,
                                     std::uint64_t address, std::uint32_t& data, bool write) {
    AccessExtension e;
    e.stream_id = sid;
    e.stream_valid = true;
    e.secure_stream = secure;
    e.address_space = space;
    return transport(address, &data, 4, write, &e);
  }

  sc_core::sc_signal<bool> s_eventq, s_gerror, s_sync;
  int s_eventq_edges = 0;
  int s_gerror_edges = 0;
  int s_sync_edges = 0;
};

static SecureBench& secure_bench() {
  static SecureBench b("bench");
  return b;
}

namespace {

class SecureShell : public ::testing::Test {
 protected:
  void SetUp() override {
    b.in_simulation([&] {
      b.reset.write(true);
      wait(sc_time(1, sc_core::SC_NS));
      b.reset.write(false);
      wait(sc_time(1, sc_core::SC_NS));
      b.world.memory = {};
      b.world.memory.tells_spaces = true;
      b.start();
      b.s_start();
    });
    b.seen.clear();
    b.written.clear();
    b.on_own_access = nullptr;
    b.eventq_edges = b.sync_edges = b.walk_reads = 0;
    b.s_eventq_edges = b.s_gerror_edges = b.s_sync_edges = 0;
    b.host.sink.all.clear();
  }
  /// Stage 1 tables, a CD and an STE of a Secure stream, in Secure memory.
  pgtable::Builder& s_stream(std::uint32_t sid) {
    World& w = b.world;
    w.builders.emplace_back(
        SecureWorld::s_config(),
        [&w](pgtable::MemoryOp op) {
          op.space = AddressSpace::secure;
          return w.memory.carry_out(op);
        },
        [&w](std::uint64_t size) -> std::optional<std::uint64_t> { return w.allocate(size); });
    pgtable::Builder& t = w.builders.back();
    w.put(SecureWorld::secure(World::cd_address(sid)), smmuv3::cd_for(t.config(), 1));
    w.put(SecureWorld::secure(World::strtab + 64ULL * sid), smmuv3::ste_stage1(World::cd_address(sid)));
    return t;
  }
  SecureBench& b = secure_bench();
};

constexpr AddressSpace S = AddressSpace::secure;
constexpr AddressSpace NS = AddressSpace::non_secure;

TEST_F(SecureShell, RegistersOfTheSecureStateAreRazWiForNonSecureAccesses) {
  b.in_simulation([&] {
    EXPECT_EQ(b.s_reg(0x8024), smmuv3::CR0_implemented);
    EXPECT_EQ(b.reg_as(NS, 0x8024), 0U);
    EXPECT_EQ(b.reg(0x8024), 0U) << "without an extension";
    b.reg_as(NS, 0x8020, true, 0);
    b.set(0x8020, 0);
    EXPECT_EQ(b.s_reg(0x8024), smmuv3::CR0_implemented);
    EXPECT_EQ(b.s_reg(0x24), smmuv3::CR0_implemented) << "Secure software sees the Non-secure ones";
  });
}

TEST_F(SecureShell, SecureStreamsAreTranslatedByTablesInSecureSpaceOnly) {
  ASSERT_TRUE(s_stream(9).map(0x10000, 0x8000'0000, 0x1000));
  ASSERT_TRUE(b.world.stream(9).map(0x10000, 0x8100'0000, 0x1000));
  std::uint32_t secure_reads = 0;
  std::uint32_t reads = 0;
  b.on_own_access = [&](tlm::tlm_generic_payload& p) {
    ++reads;
    if (p.get_extension<AccessExtension>()->output_space == S) ++secure_reads;
  };
  b.in_simulation([&] {
    for (std::uint32_t n = 0; n < 3; ++n) {  // a miss, and hits
      std::uint32_t v = 0x11 + n;
      EXPECT_EQ(b.of_stream(9, true, S, 0x10010 + 4 * n, v, true), tlm::TLM_OK_RESPONSE);
      if (n == 0) {
        EXPECT_EQ(secure_reads, reads);
      }
      v = 0x22 + n;
      EXPECT_EQ(b.of_stream(9, false, NS, 0x10010 + 4 * n, v, true), tlm::TLM_OK_RESPONSE);
    }
  });
  EXPECT_LT(secure_reads, reads);
  for (std::uint32_t n = 0; n < 3; ++n) {
    EXPECT_EQ(b.world.memory.read(SecureWorld::secure(0x8000'0010 + 4 * n), 4), 0x11 + n);
    EXPECT_EQ(b.world.memory.read(0x8000'0010 + 4 * n, 4), 0U);
    EXPECT_EQ(b.world.memory.read(0x8100'0010 + 4 * n, 4), 0x22 + n);
    EXPECT_EQ(b.world.memory.read(SecureWorld::secure(0x8100'0010 + 4 * n), 4), 0U);
  }
  ASSERT_EQ(b.seen.size(), 6U);
  EXPECT_EQ(b.seen[0].extension.output_space, S);
  EXPECT_EQ(b.seen[1].extension.output_space, NS);
}

TEST_F(SecureShell, ASecureStreamMayAskForNonSecureSpaceAndNscfgMayChangeIt) {
  b.world.put(SecureWorld::secure(World::strtab + 64 * 3), smmuv3::ste_bypass());
  b.world.put(SecureWorld::secure(World::strtab + 64 * 4), smmuv3::ste_bypass().set(110, 2, 2));
  b.world.put(SecureWorld::secure(World::strtab + 64 * 5), smmuv3::ste_bypass().set(110, 2, 3));
  b.in_simulation([&] {
    for (const AddressSpace space : {S, NS}) {
      for (std::uint32_t sid = 3; sid <= 5; ++sid) {
        std::uint32_t v = 1;
        EXPECT_EQ(b.of_stream(sid, true, space, 0x9000'0000, v, true), tlm::TLM_OK_RESPONSE);
      }
    }
  });
  ASSERT_EQ(b.seen.size(), 6U);
  const AddressSpace expected[] = {S, S, NS, NS, S, NS};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(b.seen[i].extension.output_space, expected[i]) << i;
}

TEST_F(SecureShell, AnEventOfASecureStreamHasTheInterruptOfItsState) {
  b.in_simulation([&] {
    std::uint32_t v = 0;
    EXPECT_EQ(b.of_stream(9, true, S, 0x10000, v, false), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  });
  EXPECT_EQ(b.s_eventq_edges, 1);
  EXPECT_EQ(b.eventq_edges, 0);
  EXPECT_EQ(b.world.memory.read(SecureWorld::secure(World::eventq), 8), 9ULL << 32 | 4) << "C_BAD_STE";
  b.in_simulation([&] {
    std::uint32_t v = 0;
    EXPECT_EQ(b.of_stream(9, false, NS, 0x10000, v, false), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  });
  EXPECT_EQ(b.s_eventq_edges, 1);
  EXPECT_EQ(b.eventq_edges, 1);
}

TEST_F(SecureShell, CommandsOfTheSecureQueueHaveTheInterruptsOfTheirState) {
  b.in_simulation([&] {
    b.s_push(0x46 | 1U << 12);
    wait(sc_time(1, sc_core::SC_US));
    EXPECT_EQ(b.s_reg(0x809c), 1U);
    EXPECT_EQ(b.s_sync_edges, 1);
    EXPECT_EQ(b.sync_edges, 0);
    b.s_push(0x46 | 1U << 12 | 0x77ULL << 32, 0x7000'0000);  // CS IRQ with an MSI
    wait(sc_time(1, sc_core::SC_US));
    b.s_push(0xff);
    wait(sc_time(1, sc_core::SC_US));
    EXPECT_EQ(b.s_reg(0x8060), smmuv3::GERROR_CMDQ_ERR);
    EXPECT_EQ(b.reg(0x60), 0U);
  });
  EXPECT_EQ(b.s_gerror_edges, 1);
  EXPECT_EQ(b.world.memory.read(SecureWorld::secure(0x7000'0000), 4), 0x77U);
  EXPECT_EQ(b.world.memory.read(0x7000'0000, 4), 0U);
  ASSERT_EQ(b.written.size(), 1U);
  EXPECT_EQ(b.written[0].extension.output_space, S);
}

TEST_F(SecureShell, AStateIsSavedAndLoadedWithBothInterfaces) {
  ASSERT_TRUE(s_stream(9).map(0x10000, 0x8000'0000, 0x1000));
  std::stringstream saved;
  b.in_simulation([&] {
    std::uint32_t v = 1;
    EXPECT_EQ(b.of_stream(9, true, S, 0x10010, v, true), tlm::TLM_OK_RESPONSE);
    const auto refused = b.smmu.save(saved);
    ASSERT_FALSE(refused) << to_text(*refused);
    b.reset.write(true);
    wait(sc_time(100, sc_core::SC_NS));
    b.reset.write(false);
    wait(sc_time(1, sc_core::SC_NS));
    EXPECT_EQ(b.s_reg(0x8024), 0U);
    const auto error = b.smmu.load(saved);
    EXPECT_FALSE(error) << to_text(*error);
    EXPECT_EQ(b.s_reg(0x8024), smmuv3::CR0_implemented);
    v = 2;
    EXPECT_EQ(b.of_stream(9, true, S, 0x10014, v, true), tlm::TLM_OK_RESPONSE);
  });
  EXPECT_EQ(b.world.memory.read(SecureWorld::secure(0x8000'0014), 4), 2U);
}

}  // namespace
}  // namespace smmuvp::shell

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  smmuvp::shell::secure_bench();
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  return RUN_ALL_TESTS();
}
int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }
