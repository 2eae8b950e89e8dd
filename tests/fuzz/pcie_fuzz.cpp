// Configuration and memory accesses, requests, responses, resets and saved states of a PCI hierarchy, in any
// order; of functions with ATS also answers of any content, invalidations and page responses at any moment.
#include <algorithm>

#include "../pcie/software.h"
#include "register_fuzz.h"
#include "smmuvp/base/archive.h"
#include "smmuvp/pcie/hierarchy.h"

namespace {

using smmuvp::fuzz::Input;
namespace pcie = smmuvp::pcie;

// Software enables what there is, and makes each device work.
void enable(smmuvp::test::Software& software, pcie::Hierarchy& pci) {
  constexpr std::uint32_t extended = 0x100;
  for (const smmuvp::test::Found& f : software.functions()) {
    if (f.bridge) continue;
    for (std::uint32_t at = extended; at != 0; at = software.read(f.config + at, 4) >> 20) {
      const std::uint32_t id = software.read(f.config + at, 4) & 0xffff;
      if (id == 0x1b) software.write(f.config + at + 6, 2, 7);
      if (id == 0x0f) software.write(f.config + at + 6, 2, 0x8000);
      if (id == 0x13) software.write(f.config + at + 12, 4, 4);
      if (id == 0x13) software.write(f.config + at + 4, 2, 1);
      if (id == 0 || id == 0xffff) break;
    }
    std::uint8_t value[4] = {16};
    pci.memory_access(f.registers - 0x10000000 + 0x18, true, value, 4);  // RING_SIZE
    value[0] = 1;
    pci.memory_access(f.registers - 0x10000000 + 0x08, true, value, 4);  // CTRL
    value[0] = 16;
    pci.memory_access(f.registers - 0x10000000 + 0x1c, true, value, 4);  // PROD
  }
}

// A descriptor of a few bytes.
void descriptor(Input& in, smmuvp::DmaBuffer& buffer) {
  std::fill_n(buffer.begin(), 64, std::uint8_t{0});
  const std::uint64_t flags = in.take(3);
  for (unsigned i = 0; i < 3; ++i) buffer[i] = static_cast<std::uint8_t>(flags >> 8 * i);
  buffer[0] %= 8;
  buffer[8] = static_cast<std::uint8_t>(in.take(1) % 18);
  buffer[0x11] = static_cast<std::uint8_t>(in.take(1));
  buffer[0x19] = static_cast<std::uint8_t>(in.take(1));
  buffer[0x20] = static_cast<std::uint8_t>(in.take(1));
  buffer[0x21] = static_cast<std::uint8_t>(in.take(1) % 64);
}

// Whatever an SMMU may answer.
void answer(Input& in, smmuvp::DmaOperation& operation) {
  smmuvp::DmaTranslation& t = operation.ats_fields.translation;
  const std::uint64_t bits = in.take(2);
  t.status = static_cast<smmuvp::DmaTranslationStatus>((bits & 7) < 5 ? 1 : bits & 3);
  t.size_shift = static_cast<std::uint8_t>((bits & 8) != 0 ? 12 : in.take(1));
  t.address = in.take(2) << 12;
  t.read = (bits & 0x10) != 0;
  t.write = (bits & 0x20) != 0;
  t.execute = (bits & 0x40) != 0;
  t.privileged = (bits & 0x80) != 0;
  t.global = (bits & 0x100) != 0;
  t.untranslated_only = (bits & 0x200) != 0;
}

// Whatever an SMMU may send. Behind a completed invalidation of everything the ATC is empty.
void message(Input& in, pcie::Endpoint& endpoint) {
  const std::uint64_t bits = in.take(1);
  const auto pasid = static_cast<std::uint32_t>(in.take(1));
  if ((bits & 1) != 0) {
    endpoint.page_response(static_cast<std::uint16_t>(in.take(1)), (bits & 2) != 0, pasid,
                           static_cast<unsigned>(bits >> 4));
    return;
  }
  pcie::AtcInvalidation invalidation;
  invalidation.pasid_valid = (bits & 2) != 0;
  invalidation.pasid = pasid;
  invalidation.global = (bits & 4) != 0;
  const std::uint64_t below = (bits & 8) != 0 ? ~0ULL : (1ULL << (12 + (bits >> 4))) - 1;
  invalidation.first = (in.take(2) << 12) & ~below;
  invalidation.last = invalidation.first | below;
  const auto begun = endpoint.invalidate(invalidation);
  if (begun.lost) return;
  const bool everything = invalidation.global && below == ~0ULL && endpoint.takes_global();
  if (everything && endpoint.translator().atc().used() != 0) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  static const char* const topologies[] = {
      "dma, port[dma], port[bridge[dma, dma]], port[switch-noacs[dma, dma]]",
      "dma-acs+dma, port-noacs[dma+dma-acs], port[switch[dma, bridge[dma, bridge[dma]]]]",
      "port[]",
      "dma(ats, pasid=4, pri)+dma-acs(ats), port[switch[dma(ats, pasid=20, pri-plain), dma(pasid=1)]]",
  };
  pcie::HierarchyConfig config;
  config.functions = pcie::parse_topology(topologies[in.take(1) % 4]);
  config.buses = 12;
  config.stream_count = 0xc00;
  config.mmio_base = 0x10000000;
  smmuvp::Diag diag(nullptr, "pci");
  pcie::Hierarchy pci(config, diag);
  smmuvp::DmaBuffer buffer{};
  smmuvp::test::Software software(
      [&](std::uint32_t offset, unsigned bytes) {
        return static_cast<std::uint32_t>(pci.config_read(offset, bytes));
      },
      [&](std::uint32_t offset, unsigned bytes, std::uint32_t value) {
        pci.config_write(offset, bytes, value);
      });
  software.enumerate();
  if (in.take(1) % 2 != 0) enable(software, pci);
  while (!in.empty()) {
    const std::uint64_t what = in.take(1) % 9;
    const auto bytes = 1U << in.take(1) % 4;
    if (what < 3) {
      // A register of the first 16 device numbers of any bus.
      const auto offset =
          static_cast<std::uint32_t>(in.take(1) % 12 << 20 | in.take(2) % 0x10000) & ~(bytes - 1);
      if (what == 0) {
        const std::uint64_t value = pci.config_read(offset, bytes);
        if (bytes < 8 && value >> 8 * bytes != 0) __builtin_trap();
        if (pci.config_peek(offset, bytes) != value) __builtin_trap();
      } else {
        pci.config_write(offset, bytes, in.take(bytes));
      }
    } else if (what < 5) {
      const auto length = static_cast<std::uint32_t>(in.take(2) % 4096 + 1);
      if (what == 3) {
        pci.memory_access(in.take(4), in.take(1) % 2 != 0, buffer.data(), length);
      } else {
        pci.memory_access(in.take(1) << 12 | in.take(1), true, buffer.data(), bytes);
      }
    } else if (what == 5) {
      smmuvp::ArchiveWriter writer;
      pci.visit(writer);
      smmuvp::ArchiveReader reader(writer.data());
      pci.visit(reader);
      if (!reader.complete()) __builtin_trap();
    } else if (what == 8) {
      if (pcie::Endpoint* endpoint = pci.endpoint(in.take(1) % pci.size())) message(in, *endpoint);
    } else {
      const std::size_t function = in.take(1) % pci.size();
      smmuvp::DmaOperation operation;
      pcie::Endpoint* endpoint = pci.endpoint(function);
      if (endpoint == nullptr || !endpoint->next(operation, buffer)) continue;
      const pcie::Routed routed = pci.route(function, operation.address, operation.length, operation.ats);
      if (operation.ats == smmuvp::DmaAts::TranslationRequest) answer(in, operation);
      // What comes while it is on its way.
      if (in.take(1) % 4 == 0) message(in, *endpoint);
      auto response = static_cast<smmuvp::DmaResponse>(what == 6 ? 0 : in.take(1) % 6);
      if (routed.way == pcie::Routed::Way::Peer) {
        pci.peer_access(routed, operation.write, buffer.data(), operation.length);
      } else if (routed.way != pcie::Routed::Way::Host) {
        pci.refused(function, routed, operation.address, operation.write);
        response = smmuvp::DmaResponse::Address;
      } else if (routed.requester_id >= config.stream_count) {
        __builtin_trap();
      } else if (!operation.write && operation.length == 64 && what == 6) {
        descriptor(in, buffer);
      } else if (!operation.write) {
        const std::uint32_t n = std::min<std::uint32_t>(operation.length, 64);
        for (std::uint32_t i = 0; i < n; ++i) buffer[i] = static_cast<std::uint8_t>(in.take(1));
      }
      endpoint->complete(operation, response, buffer);
    }
    if (pci.intx() > 15) __builtin_trap();
  }
  return 0;
}
