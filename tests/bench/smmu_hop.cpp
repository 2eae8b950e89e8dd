// One b_transport through a plain hop, or through an SMMUv3 that hits: run it under callgrind with two
// counts, and the difference is what the calls take.
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "smmuvp/smmuv3/smmuv3.h"
#include "smmuvp/tlm/access_extension.h"

namespace {

constexpr std::uint64_t strtab = 0x1000, cds = 0x2000, tables = 0x10'0000;

struct Memory : sc_core::sc_module {
  tlm_utils::simple_target_socket<Memory, 64> data{"data"};
  tlm_utils::simple_target_socket<Memory, 64> walks{"walks"};
  std::vector<unsigned char> bytes = std::vector<unsigned char>(64U << 20);
  explicit Memory(const sc_core::sc_module_name& name) : sc_module(name) {
    data.register_b_transport(this, &Memory::b_transport);
    walks.register_b_transport(this, &Memory::b_transport);
  }
  void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time&) {
    unsigned char* at = bytes.data() + (p.get_address() & (bytes.size() - 1));
    if (p.is_read()) std::memcpy(p.get_data_ptr(), at, p.get_data_length());
    if (p.is_write()) std::memcpy(at, p.get_data_ptr(), p.get_data_length());
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  void put(std::uint64_t address, std::uint64_t value) { std::memcpy(bytes.data() + address, &value, 8); }
};

/// Passes everything on, as an interconnect does that changes nothing.
struct Hop : sc_core::sc_module {
  tlm_utils::simple_target_socket<Hop, 64> in{"in"};
  tlm_utils::simple_initiator_socket<Hop, 64> out{"out"};
  explicit Hop(const sc_core::sc_module_name& name) : sc_module(name) {
    in.register_b_transport(this, &Hop::b_transport);
  }
  void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) { out->b_transport(p, delay); }
};

struct Master : sc_core::sc_module {
  tlm_utils::simple_initiator_socket<Master, 64> out{"out"};
  tlm_utils::simple_initiator_socket<Master, 64> registers{"registers"};
  std::uint64_t count;
  unsigned streams, pages;
  bool enable = true;
  std::uint64_t failures = 0;

  SC_HAS_PROCESS(Master);
  Master(const sc_core::sc_module_name& name, std::uint64_t n, unsigned s, unsigned p)
      : sc_module(name), count(n), streams(s), pages(p) {
    SC_THREAD(run);
  }
  void reg(std::uint64_t offset, std::uint64_t value, unsigned bytes) {
    tlm::tlm_generic_payload p;
    p.set_command(tlm::TLM_WRITE_COMMAND);
    p.set_address(offset);
    p.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    p.set_data_length(bytes);
    p.set_streaming_width(bytes);
    sc_core::sc_time delay;
    registers->b_transport(p, delay);
  }
  void run() {
    reg(0x80, strtab, 8);
    reg(0x88, 6, 4);
    if (enable) reg(0x20, 1, 4);
    tlm::tlm_generic_payload p;
    smmuvp::AccessExtension e;
    std::uint64_t word = 0;
    p.set_command(tlm::TLM_READ_COMMAND);
    p.set_data_ptr(reinterpret_cast<unsigned char*>(&word));
    p.set_data_length(8);
    p.set_streaming_width(8);
    p.set_extension(&e);
    e.stream_valid = true;
    sc_core::sc_time delay;
    for (std::uint64_t i = 0; i < count; ++i) {
      e.stream_id = static_cast<std::uint32_t>(i % streams);
      p.set_address(i % pages * 0x1000 + (i * 8 & 0xff8));
      p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
      out->b_transport(p, delay);
      if (p.get_response_status() != tlm::TLM_OK_RESPONSE) ++failures;
      if (i % 64 == 63) {
        wait(delay + sc_core::sc_time(1, sc_core::SC_NS));
        delay = sc_core::SC_ZERO_TIME;
      }
    }
    p.clear_extension(&e);
    sc_core::sc_stop();
  }
};

}  // namespace

int sc_main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: smmu_hop hop|timed|untimed|bypass|disabled COUNT [STREAMS [PAGES]]\n");
    return 2;
  }
  const std::string mode = argv[1];
  const auto number = [&](int i, unsigned otherwise) {
    return i < argc ? static_cast<unsigned>(std::strtoul(argv[i], nullptr, 10)) : otherwise;
  };
  const unsigned streams = number(3, 16), pages = number(4, 64);
  Master master("master", number(2, 0), streams, pages);
  Memory memory("memory");
  master.enable = mode != "disabled";
  smmuvp::Params params = smmuvp::SmmuV3<64>::default_params();
  if (mode == "untimed" || mode == "bypass" || mode == "disabled") params.set("timing", false);
  // Every stream has an address space of its own, all alike: 4 KiB pages in one level 3 table.
  for (unsigned s = 0; s < streams; ++s) {
    const std::uint64_t table = tables + s * 0x4000ULL;
    memory.put(strtab + 64 * s, (cds + 64 * s) | 1 | 5 << 1);
    memory.put(strtab + 64 * s + 8, 1ULL << 44);
    if (mode == "bypass") memory.put(strtab + 64 * s, 1 | 4 << 1);
    memory.put(cds + 64 * s, 25 | 1ULL << 30 | 1ULL << 31 | 4ULL << 32 | 1ULL << 41 | 3ULL << 45 |
                                 static_cast<std::uint64_t>(s + 1) << 48);
    memory.put(cds + 64 * s + 8, table);
    memory.put(cds + 64 * s + 24, 0xff);
    memory.put(table, (table + 0x1000) | 3);
    memory.put(table + 0x1000, (table + 0x2000) | 3);
    for (unsigned i = 0; i < pages && i < 512; ++i) {
      memory.put(table + 0x2000 + 8ULL * i, (0x80'0000ULL + i * 0x1000) | 0xc43 | 3);
    }
  }
  std::unique_ptr<Hop> hop;
  std::unique_ptr<smmuvp::SmmuV3<64>> smmu;
  sc_core::sc_signal<bool> reset("no_reset");
  if (mode == "hop") {
    hop = std::make_unique<Hop>("hop");
    master.out.bind(hop->in);
    hop->out.bind(memory.data);
    master.registers.bind(memory.walks);
  } else {
    smmu = std::make_unique<smmuvp::SmmuV3<64>>("smmu", params);
    master.out.bind(smmu->tbu_in[0]);
    smmu->tbu_out[0].bind(memory.data);
    master.registers.bind(smmu->registers);
    smmu->walk.bind(memory.walks);
    smmu->reset(reset);
  }
  sc_core::sc_start();
  std::printf("%s: %u failures\n", mode.c_str(), static_cast<unsigned>(master.failures));
  return master.failures == 0 ? 0 : 1;
}
