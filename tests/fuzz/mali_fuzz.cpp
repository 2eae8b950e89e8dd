// Register accesses, tables, jobs, responses, time and saved states of a Mali, in any order.
#include <algorithm>

#include "fuzz_memory.h"
#include "register_fuzz.h"
#include "smmuvp/base/archive.h"
#include "smmuvp/mali/mali_core.h"

namespace {

constexpr std::uint64_t table = 0x8000, jobs = 0x1000;

// An address space with a table of few pages, a slot with a chain: what random writes seldom make.
void prepare(smmuvp::MaliCore& gpu, smmuvp::smmu::FuzzMemory& memory, smmuvp::fuzz::Input& in) {
  gpu.write(0, 0x1a0, 4, 1);
  gpu.write(0, 0x180, 4, 0xf);
  gpu.elapsed(10'000);
  for (unsigned level = 0; level < 4; ++level) {
    const std::uint64_t at = table + 0x1000 * level;
    for (unsigned i = 0; i < 4; ++i) memory.put(at + 8 * i, in.take(2) << 12 | (level < 3 ? 0x3 : 0xc1));
    memory.put(at, level < 3 ? (at + 0x1000) | 3 : jobs | 0xc1);
  }
  gpu.write(10'000, 0x2400, 4, table | (in.take(1) & 3));
  gpu.write(10'000, 0x2418, 4, 1);
  gpu.elapsed(20'000);
  for (unsigned i = 0; i < 4; ++i) {
    const std::uint64_t at = jobs + 64 * i;
    memory.put(at + 16, 1 | in.take(1) % 34 << 1);
    memory.put(at + 24, in.take(1) % 8 * 64);
    memory.put(at + 32, in.take(2));
    memory.put(at + 40, in.take(1) % 9);
    memory.put(at + 48, in.take(2));
  }
  gpu.write(20'000, 0x1850, 4, 0xf);
  gpu.write(20'000, 0x1858, 4, in.take(2));
  gpu.write(20'000, 0x1860, 4, 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  smmuvp::fuzz::Input in(data, size);
  smmuvp::Diag diag(nullptr, "gpu");
  smmuvp::MaliConfig config;
  config.reset_ps = config.power_ps = config.mmu_command_ps = 5'000;
  config.tlb_entries = static_cast<std::uint32_t>(in.take(1) % 4);
  if ((in.take(1) & 1) != 0) config.gpu_id = 0x70030000;
  smmuvp::MaliCore gpu(config, diag);
  smmuvp::DmaBuffer buffer{};
  smmuvp::DmaOperation access;
  std::uint64_t now = 20'000;
  static smmuvp::smmu::FuzzMemory memory;
  memory.clear();
  prepare(gpu, memory, in);
  while (!in.empty()) {
    const std::uint64_t what = in.take(1) % 16;
    now += 1'000;
    if (what < 4) {
      const auto a = smmuvp::fuzz::take_access(in, smmuvp::MaliCore::window);
      if (a.write) {
        gpu.write(now, a.offset, a.bytes, a.value);
      } else {
        gpu.read(now, a.offset, a.bytes);
      }
    } else if (what == 4) {
      smmuvp::ArchiveWriter writer;
      writer.set_now(now);
      gpu.visit(writer);
      smmuvp::ArchiveReader reader(writer.data());
      reader.set_now(now);
      gpu.visit(reader);
      if (!reader.complete()) __builtin_trap();
    } else if (what == 5) {
      if (const auto at = gpu.next_event()) {
        now = std::max(now, *at);
        gpu.elapsed(now);
      }
    } else if (gpu.next(now, access, buffer)) {
      if (access.length == 0 || access.length > smmuvp::dma_burst_bytes) __builtin_trap();
      if ((access.address & 0xfff) + access.length > 0x1000) __builtin_trap();
      if (access.write) {
        memory.write(access.address, buffer.data(), access.length);
      } else {
        memory.read(access.address, buffer.data(), access.length);
      }
      const auto response =
          what == 6 ? static_cast<smmuvp::DmaResponse>(in.take(1) % 6) : smmuvp::DmaResponse::Ok;
      // Another access of another slot may go out before this one's answer.
      if (what != 7) gpu.complete(now, access, response, buffer);
    }
  }
  return 0;
}
