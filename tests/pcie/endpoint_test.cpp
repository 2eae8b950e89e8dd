// An endpoint: testdev behind its BAR, messages and INTx. docs/pcie.md, Endpoint and Interrupts.
#include "fixture.h"

namespace smmuvp {
namespace {

using test::Software;
using Message = std::pair<std::uint64_t, std::uint32_t>;

constexpr std::uint64_t ring = 0x40000000;
constexpr std::uint32_t flag_IRQ = 1 << 8;

/// One endpoint, of which software has found out where it is; memory that answers with descriptors.
class PcieEndpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    put(RING_BASE, ring, 8);
    put(RING_SIZE, 8);
    put(IRQ_ENABLE, 7);
    put(DEV_CTRL, 1);
  }
  const test::Found& function() const { return host.software.function(0, 1); }
  std::uint64_t get(std::uint32_t offset) { return host.get(function().registers + offset); }
  void put(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    host.put(function().registers + offset, value, bytes);
  }
  std::uint32_t config(std::uint32_t offset, unsigned bytes = 2) {
    return static_cast<std::uint32_t>(host.pci.config_read(function().config + offset, bytes));
  }
  void set_config(std::uint32_t offset, std::uint32_t value, unsigned bytes = 2) {
    host.pci.config_write(function().config + offset, bytes, value);
  }
  void messages(unsigned log2_count, std::uint16_t data = 0x1230) {
    set_config(test::MSI_ADDRESS, 0x08020040, 4);
    set_config(test::MSI_UPPER, 1, 4);
    set_config(test::MSI_DATA, data);
    set_config(test::MSI_CONTROL, 1 | log2_count << 4);
  }
  /// Lets the device work: each descriptor has these FLAGS, and nothing else. @return the messages it sends
  std::vector<Message> run(std::uint32_t flags) {
    std::vector<Message> sent;
    DmaOperation operation;
    DmaBuffer data{};
    while (endpoint().next(operation, data)) {
      if (!operation.write) {
        data.fill(0);
        std::memcpy(data.data(), &flags, 4);
      }
      if (operation.write && operation.address >= 0x100000000) {
        std::uint32_t value = 0;
        std::memcpy(&value, data.data(), 4);
        EXPECT_EQ(operation.length, 4U);
        sent.emplace_back(operation.address, value);
      }
      endpoint().complete(operation, DmaResponse::Ok, data);
    }
    return sent;
  }
  std::vector<Message> finish(std::uint32_t flags) {
    put(PROD, ++prod);
    return run(flags);
  }
  pcie::Endpoint& endpoint() { return *host.pci.endpoint(0); }

  Host host{"dma"};
  std::uint32_t prod = 0;
};

constexpr std::uint64_t doorbell = 0x1'08020040;

TEST_F(PcieEndpointTest, TheRegistersAreThoseOfTestdevWithOneStreamAndNoSubstreams) {
  EXPECT_EQ(get(DEV_ID), 0x414d4454U);
  EXPECT_EQ(get(0x004), 2U);
  EXPECT_EQ(get(0x02c), 1U);
  EXPECT_EQ(get(0x030), 0U);
  // A shape that no register has.
  EXPECT_EQ(host.get(function().registers, 2), 0U);
  for (const std::uint32_t flag : {1U << 9, 1U << 10, 1U << 11}) {
    finish(flag);
    EXPECT_EQ(host.captured.count("BAD_DESCRIPTOR"), 1U) << flag;
    host.captured.diagnostics.clear();
  }
}

TEST_F(PcieEndpointTest, TheMemoryBarKeepsWhatIsWritten) {
  host.put(function().memory + 0xfff8, 0x1122334455667788, 8);
  EXPECT_EQ(host.get(function().memory + 0xfff9, 2), 0x6677U);
  // Not the first byte beyond, nor an access that runs over the end.
  EXPECT_EQ(host.get(function().memory + 0x10000), 0xffffffffU);
  EXPECT_EQ(host.get(function().memory + 0xfffc, 8), ~0ULL);
  EXPECT_EQ(host.captured.count("memory"), 2U);
}

TEST_F(PcieEndpointTest, MemorySpaceEnableGatesTheBars) {
  set_config(test::COMMAND, test::MASTER);
  EXPECT_EQ(get(DEV_ID), 0xffffffffU);
  put(RING_SIZE, 3);
  set_config(test::COMMAND, test::MASTER | test::MEMORY);
  EXPECT_EQ(get(DEV_ID), 0x414d4454U);
  EXPECT_EQ(host.captured.count("memory"), 2U);
  set_config(test::PMCSR, 3);
  EXPECT_EQ(get(DEV_ID), 0xffffffffU);
  set_config(test::PMCSR, 0);
  EXPECT_EQ(get(RING_SIZE), 8U);
}

TEST_F(PcieEndpointTest, AFinishedDescriptorSendsOneMessageAndNoIntx) {
  messages(0);
  EXPECT_EQ(finish(flag_IRQ), (std::vector<Message>{{doorbell, 0x1230}}));
  EXPECT_EQ(host.pci.intx(), 0U);
  EXPECT_EQ(config(test::STATUS) & 8, 0U);
  EXPECT_EQ(finish(flag_IRQ), std::vector<Message>()) << "DONE has not been cleared";
  put(IRQ_STATUS, 1);
  EXPECT_EQ(finish(flag_IRQ), (std::vector<Message>{{doorbell, 0x1230}}));
}

TEST_F(PcieEndpointTest, EachCauseHasItsMessageIfThereAreEnough) {
  constexpr std::uint32_t bad = 0x7f | flag_IRQ;
  messages(2, 0x123f);
  EXPECT_EQ(finish(bad), (std::vector<Message>{{doorbell, 0x123c}, {doorbell, 0x123d}}));
  put(PROD, 100);  // far more than the ring has
  const auto sent = run(0);
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent.back(), (Message{doorbell, 0x123e}));
}

TEST_F(PcieEndpointTest, TheLastOfTooFewMessagesStandsForTheRest) {
  constexpr std::uint32_t bad = 0x7f | flag_IRQ;
  messages(1, 0x1231);
  EXPECT_EQ(finish(bad), (std::vector<Message>{{doorbell, 0x1230}, {doorbell, 0x1231}}));
  put(IRQ_STATUS, 7);
  messages(0, 0x1231);
  EXPECT_EQ(finish(bad), (std::vector<Message>{{doorbell, 0x1231}})) << "both causes share it";
  put(IRQ_STATUS, 7);
  messages(7, 0x1230);  // more than there are: four
  EXPECT_EQ(finish(bad), (std::vector<Message>{{doorbell, 0x1230}, {doorbell, 0x1231}}));
}

TEST_F(PcieEndpointTest, AMaskedMessageIsPendingUntilItCanGo) {
  messages(2);
  set_config(test::MSI_MASK, 1, 4);
  EXPECT_EQ(finish(flag_IRQ), std::vector<Message>());
  EXPECT_EQ(config(test::MSI_PENDING, 4), 1U);
  set_config(test::MSI_MASK, 0, 4);
  EXPECT_EQ(config(test::MSI_PENDING, 4), 0U);
  EXPECT_EQ(run(0), (std::vector<Message>{{doorbell, 0x1230}}));
  // One whose cause goes while it waits does not come.
  put(IRQ_STATUS, 1);
  set_config(test::MSI_MASK, 1, 4);
  finish(flag_IRQ);
  put(IRQ_STATUS, 1);
  EXPECT_EQ(config(test::MSI_PENDING, 4), 0U);
  set_config(test::MSI_MASK, 0, 4);
  EXPECT_EQ(run(0), std::vector<Message>());
}

TEST_F(PcieEndpointTest, AMessageWaitsForMsiAndForBusMaster) {
  EXPECT_EQ(finish(flag_IRQ), std::vector<Message>());
  EXPECT_EQ(host.pci.intx(), 1U);
  set_config(test::COMMAND, test::MEMORY);
  messages(0);
  EXPECT_EQ(run(0), std::vector<Message>());
  EXPECT_EQ(host.pci.intx(), 0U);
  set_config(test::COMMAND, test::MEMORY | test::MASTER);
  EXPECT_EQ(run(0), (std::vector<Message>{{doorbell, 0x1230}}));
}

TEST_F(PcieEndpointTest, IntxFollowsTheLevelUnlessItIsDisabled) {
  EXPECT_EQ(config(test::STATUS) & 8, 0U);
  finish(flag_IRQ);
  EXPECT_EQ(host.pci.intx(), 1U);
  EXPECT_EQ(config(test::STATUS) & 8, 8U);
  set_config(test::COMMAND, test::MEMORY | test::MASTER | test::INTERRUPT_DISABLE);
  EXPECT_EQ(host.pci.intx(), 0U);
  EXPECT_EQ(config(test::STATUS) & 8, 8U) << "pending, Interrupt Disable or not";
  set_config(test::COMMAND, test::MEMORY | test::MASTER);
  put(IRQ_STATUS, 1);
  EXPECT_EQ(host.pci.intx(), 0U);
  EXPECT_EQ(config(test::STATUS) & 8, 0U);
}

TEST_F(PcieEndpointTest, AFunctionLevelResetIsOfAllOfTheFunction) {
  host.put(function().memory, 0x55);
  finish(flag_IRQ);
  set_config(test::DEVICE_CONTROL, 0x8000);
  EXPECT_EQ(config(test::DEVICE_CONTROL), 0x2810U);
  EXPECT_EQ(config(test::COMMAND), 0U);
  EXPECT_EQ(host.pci.intx(), 0U);
  set_config(test::BAR0, 0x10000000, 4);
  set_config(test::BAR2, 0x10010000, 4);
  set_config(test::COMMAND, test::MEMORY);
  EXPECT_EQ(host.get(0x10000000 + RING_SIZE), 0U);
  EXPECT_EQ(host.get(0x10010000), 0U);
}

TEST_F(PcieEndpointTest, AnAnswerThatAResetHasOvertakenIsIgnored) {
  DmaOperation operation;
  DmaBuffer data{};
  put(PROD, ++prod);
  ASSERT_TRUE(endpoint().next(operation, data));
  set_config(test::DEVICE_CONTROL, 0x8000);
  endpoint().complete(operation, DmaResponse::Ok, data);
  EXPECT_FALSE(endpoint().next(operation, data));
  // Nor is the answer to a message taken for that to a descriptor.
  set_config(test::BAR0, static_cast<std::uint32_t>(function().registers), 4);
  set_config(test::COMMAND, test::MEMORY | test::MASTER);
  SetUp();
  messages(0);
  prod = 0;
  put(PROD, ++prod);
  std::uint32_t flags = flag_IRQ;
  while (endpoint().next(operation, data) && operation.address != doorbell) {
    if (!operation.write) {
      data.fill(0);
      std::memcpy(data.data(), &flags, 4);
    }
    endpoint().complete(operation, DmaResponse::Ok, data);
  }
  ASSERT_EQ(operation.address, doorbell);
  set_config(test::DEVICE_CONTROL, 0x8000);
  EXPECT_TRUE(endpoint().complete(operation, DmaResponse::Ok, data));
}

TEST(PcieIntx, EachBridgeTurnsThePinByTheDeviceBelow) {
  // Function 1 has INTB. Below a conventional bridge the device number counts, below a port it is 0.
  struct Case {
    const char* topology;
    unsigned bus, device, number, expected;
  };
  for (const Case& c :
       {Case{"dma, dma", 0, 2, 0, 1}, Case{"port[dma+dma]", 1, 0, 1, 2},
        Case{"port[bridge[dma, dma, dma]]", 2, 2, 0, 4},
        Case{"port[bridge[dma, bridge[dma, dma, dma]]]", 3, 2, 0, 8},
        Case{"port[switch[dma, dma]]", 4, 0, 0, 2}, Case{"port[switch[dma, dma+dma]]", 4, 0, 1, 4}}) {
    Host host(c.topology);
    const test::Found& f = host.software.function(c.bus, c.device, c.number);
    ASSERT_NE(f.registers, 0U) << c.topology;
    host.put(f.registers + IRQ_ENABLE, 7);
    host.put(f.registers + RING_SIZE, 1);
    host.put(f.registers + DEV_CTRL, 1);
    host.put(f.registers + PROD, 5);
    DmaOperation operation;
    DmaBuffer data{};
    pcie::Endpoint& endpoint = *host.pci.endpoint(host.index(c.bus, c.device, c.number));
    ASSERT_TRUE(endpoint.next(operation, data));
    endpoint.complete(operation, DmaResponse::Address, data);
    EXPECT_EQ(host.pci.intx(), c.expected) << c.topology;
  }
}

}  // namespace
}  // namespace smmuvp
