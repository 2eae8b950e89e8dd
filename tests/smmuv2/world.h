// A little system around an SMMUv2 core.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "driver.h"
#include "smmuvp/smmuv2/access.h"
#include "smmuvp/smmuv2/smmu.h"

namespace smmuvp::smmuv2 {

class World : public Driver {
 public:
  explicit World(const Features& features = {}, const Structures& structures = untimed(),
                 TraceSink* trace = nullptr)
      : Driver(features.page_bytes(), features.window_bytes()),
        smmu(features, structures, "smmu0", &diag, trace) {}
  static Structures untimed() {
    Structures s;
    s.timing = false;
    return s;
  }

  // ---- registers
  std::uint64_t read(std::uint32_t offset, unsigned bytes = 4, bool secure = false) {
    std::uint64_t v = 0;
    ok = smmu.interface().read(offset, bytes, side(secure), now, v);
    return v;
  }
  std::uint64_t read_cb(unsigned bank, std::uint32_t offset, unsigned bytes = 4) {
    return read(cb(bank, offset), bytes, secure_of(bank));
  }
  /// Of banks that SCR1 keeps for Secure software.
  bool secure_of(unsigned bank) const override { return smmu.interface().banks().is_secure(bank); }

  // ---- accesses
  static smmu::AccessRequest request(std::uint32_t sid, std::uint64_t address,
                                     smmu::AccessKind kind = smmu::AccessKind::read) {
    smmu::AccessRequest r;
    r.stream_id = sid;
    r.address = address;
    r.kind = kind;
    return r;
  }
  /// Runs an access until it ends or stalls. @return whether it ended
  bool run(Access& object) {
    smmu::Step step = object.step();
    while (step == smmu::Step::need) {
      object.complete(memory.carry_out(object.op()));
      step = object.step();
    }
    return step == smmu::Step::done;
  }
  smmu::AccessAnswer access(const smmu::AccessRequest& r) {
    smmu::AccessAnswer a;
    fault.reset();
    if (smmu.translate_fast(r, a)) return a;
    Access object(smmu, r);
    run(object);
    fault = object.fault();
    return object.answer();
  }
  smmu::AccessAnswer access(std::uint32_t sid, std::uint64_t address,
                            smmu::AccessKind kind = smmu::AccessKind::read) {
    return access(request(sid, address, kind));
  }
  /// Lets workers go on until none has anything to do.
  void work() {
    for (bool worked = true; worked;) {
      worked = false;
      for (smmu::Worker* worker : smmu.workers()) {
        if (const auto due = worker->due()) {
          now = std::max(now, *due);
          worked = true;
          while (worker->step(now) == smmu::Step::need) worker->complete(memory.carry_out(worker->op()));
        }
      }
    }
  }

  smmu::TestDiag diag;
  Smmu smmu;
  std::uint64_t now = 0;
  bool ok = true;                    ///< whether the last register access was let in
  std::optional<AccessFault> fault;  ///< of the last access

 private:
  void write_register(std::uint32_t offset, std::uint64_t value, unsigned bytes, bool secure) override {
    ok = smmu.interface().write(offset, bytes, side(secure), now, value);
  }
  static AccessSecurity side(bool secure) {
    return secure ? AccessSecurity::Secure : AccessSecurity::NonSecure;
  }
};

}  // namespace smmuvp::smmuv2
