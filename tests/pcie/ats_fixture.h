// One endpoint with ATS, PASID and PRI, software that has enabled them, and an SMMU.
#pragma once
#include "ats_upstream.h"
#include "fixture.h"

namespace smmuvp::test {

class AtsHost : public Host {
 public:
  static constexpr std::uint64_t ring = Upstream::base + 0x1000;
  static constexpr const char* plain = "port[dma(ats, pasid=8, pri)]";

  explicit AtsHost(const std::string& topology = plain, const pcie::AtsConfig& ats = {})
      : Host(topology, {}, 64, ats), function(software.functions().back()) {
    put_config(COMMAND, MEMORY | MASTER);
  }

  // ---- configuration space
  std::uint32_t get_config(std::uint32_t offset, unsigned size = 2) {
    return static_cast<std::uint32_t>(pci.config_read(function.config + offset, size));
  }
  void put_config(std::uint32_t offset, std::uint32_t value, unsigned size = 2) {
    pci.config_write(function.config + offset, size, value);
  }
  /// The offset of an extended capability; 0: none.
  std::uint32_t capability(std::uint16_t id) {
    for (std::uint32_t at = 0x100; at != 0;) {
      const std::uint32_t header = get_config(at, 4);
      if ((header & 0xffff) == id) return at;
      at = header >> 20;
    }
    return 0;
  }
  void enable(unsigned stu = 0, std::uint32_t allocation = 8) {
    if (const auto at = capability(ID_PASID))
      put_config(at + PASID_CONTROL, PASID_ENABLE | PASID_EXECUTE | PASID_PRIVILEGED);
    if (const auto at = capability(ID_ATS)) put_config(at + ATS_CONTROL, ATS_ENABLE | stu);
    if (const auto at = capability(ID_PRI)) {
      put_config(at + PRI_ALLOCATION, allocation, 4);
      put_config(at + PRI_CONTROL, PRI_ENABLE);
    }
    captured.diagnostics.clear();
  }

  // ---- the device
  std::uint32_t get_register(std::uint32_t offset) {
    return static_cast<std::uint32_t>(get(function.registers + offset));
  }
  void put_register(std::uint32_t offset, std::uint32_t value) { put(function.registers + offset, value); }
  void start() {
    put(function.registers + RING_BASE, ring, 8);
    put_register(RING_SIZE, 8);
    put_register(DEV_CTRL, 1);
    m_prod = 0;
  }
  struct Job {
    std::uint32_t flags = 0;
    std::uint64_t src = 0, dst = 0, length = 0;
    std::uint32_t pasid = 0;
  };
  /// @return its slot
  unsigned submit(const Job& job) {
    const unsigned slot = m_prod % 8;
    std::uint8_t* d = up.at(ring + 64ULL * slot);
    std::memset(d, 0, 64);
    std::memcpy(d, &job.flags, 4);
    std::memcpy(d + 0x08, &job.pasid, 4);
    std::memcpy(d + 0x10, &job.src, 8);
    std::memcpy(d + 0x18, &job.dst, 8);
    std::memcpy(d + 0x20, &job.length, 8);
    put_register(PROD, ++m_prod);
    return slot;
  }
  std::uint64_t result(unsigned slot, unsigned offset, unsigned size) {
    std::uint64_t v = 0;
    std::memcpy(&v, up.at(ring + 64ULL * slot + offset), size);
    return v;
  }
  std::uint32_t status(unsigned slot) { return static_cast<std::uint32_t>(result(slot, 0x28, 4)); }
  std::uint32_t response(unsigned slot) { return static_cast<std::uint32_t>(result(slot, 0x2c, 4)); }

  pcie::Endpoint& endpoint() { return *pci.endpoint(pci.size() - 1); }
  /// One operation as a whole. @return whether there was one
  bool step() {
    DmaOperation o;
    DmaBuffer data{};
    if (!endpoint().next(o, data)) return false;
    const DmaResponse response = up.perform(o, data);
    endpoint().complete(o, response, data);
    return true;
  }
  void run() {
    for (unsigned n = 0; step(); ++n) ASSERT_LT(n, 10000U) << "the device does not come to an end";
  }
  /// @return STATUS
  std::uint32_t run(const Job& job) {
    const unsigned slot = submit(job);
    run();
    return status(slot);
  }
  pcie::Endpoint::Invalidating invalidate(int pasid, std::uint64_t first, std::uint64_t last,
                                          bool global = false) {
    pcie::AtcInvalidation i;
    i.pasid_valid = pasid >= 0;
    i.pasid = pasid >= 0 ? static_cast<std::uint32_t>(pasid) : 0;
    i.global = global;
    i.first = first;
    i.last = last;
    return endpoint().invalidate(i);
  }

  Upstream up;
  test::Found function;

 private:
  std::uint32_t m_prod = 0;
};

}  // namespace smmuvp::test
